-- Times are integer microseconds since 1970 (UTC); JSON is text; account ids hold no "/".
-- Everything here is plain enough for PostgreSQL, but for "strict" and the blob type.

-- One row: which master key seals this database, and the sequence that orders facts.
create table instance (
  id integer primary key check (id = 1),
  master_key text not null,
  sequence integer not null
) strict;

create table settings (
  name text primary key,
  value text not null
) strict;

create table connections (
  id text primary key,
  side text not null,
  system text not null,
  account text,
  production integer,
  url text,
  allow_host integer not null,
  settings text not null,
  created_at integer not null,
  bad_signatures integer not null default 0
) strict;

-- A data key per secret, wrapped under the master key named; see vault.rs.
create table secrets (
  connection text not null references connections (id) on delete cascade,
  field text not null,
  master_key text not null,
  wrapped_key blob not null,
  sealed blob not null,
  primary key (connection, field)
) strict;

create table links (
  id text primary key,
  erp text not null references connections (id),
  processor text not null references connections (id),
  policy text not null,
  version integer not null
) strict;
create index links_by_erp on links (erp);
create index links_by_processor on links (processor);

-- The case row is the job: due time, lease and epoch change with its facts in one transaction.
-- stage and reason are a search index of the last decision, never a source of it.
create table cases (
  id integer primary key,
  kind text not null,
  account text not null,
  subject text not null,
  link text,
  due_at integer,
  worker text,
  lease_until integer,
  epoch integer not null default 0,
  hints integer not null default 0,
  news_due_at integer,
  stage text,
  reason_code text,
  reason_detail text,
  decided text,
  looked_at integer not null,
  unique (kind, account, subject)
) strict;
create index cases_due_by_kind on cases (kind, due_at, id) where due_at is not null;
create index cases_due on cases (due_at) where due_at is not null;
create index cases_leased on cases (worker) where worker is not null;
create index cases_by_kind on cases (kind);
create index cases_counted on cases (kind, stage, reason_code);
create index cases_by_stage on cases (stage);
create index cases_by_reason on cases (reason_code);
create index cases_by_link on cases (link);
create index cases_open_by_look on cases (looked_at, id) where coalesce(stage, '') <> 'closed';

create table facts (
  case_id integer not null references cases (id),
  subject text not null,
  seq integer not null,
  body text not null,
  primary key (case_id, subject)
) strict;

create table person_facts (
  case_id integer not null references cases (id),
  nth integer not null,
  at integer not null,
  actor text not null,
  said text not null,
  primary key (case_id, nth)
) strict;

-- What a case depends on, as of its last look.
create table case_refs (
  case_id integer not null references cases (id),
  reference text not null,
  primary key (case_id, reference)
) strict;
create index case_refs_by_reference on case_refs (reference, case_id);

-- maybe_sent: a send ended with an unknown outcome, so only the same content may use the key.
-- settled_seq: when the outcome became known, on the sequence of facts.
create table commands (
  id integer primary key,
  key text not null unique,
  case_id integer not null references cases (id),
  link text,
  connection text not null,
  account text not null,
  name text not null,
  write text not null,
  locks text not null,
  collect_minor integer,
  collect_currency text,
  state text not null,
  answer text,
  rejection text,
  rejected_version text,
  sends integer not null default 0,
  maybe_sent integer not null default 0,
  actor text not null,
  decided_at integer not null,
  sent_seq integer,
  last_sent_at integer,
  watch_until integer,
  settled_seq integer
) strict;
create index commands_by_case on commands (case_id, id);
create index commands_by_state on commands (state, id);
create index commands_that_collect on commands (link, decided_at) where collect_minor is not null;

-- Two commands hold one lock only when both are of one case and the later one may pass.
create table document_locks (
  lock text not null,
  command text not null references commands (key),
  primary key (lock, command)
) strict;
create index document_locks_by_command on document_locks (command);

create table attention (
  case_id integer not null references cases (id),
  code text not null,
  detail text not null,
  raised_at integer not null,
  ignored integer not null,
  primary key (case_id, code, detail)
) strict;
create index attention_shown on attention (raised_at, case_id, code, detail) where ignored = 0;

-- What a person took off the list, remembered while the item comes and goes.
create table attention_ignored (
  case_id integer not null references cases (id),
  code text not null,
  detail text not null,
  primary key (case_id, code, detail)
) strict;

-- Append-only and chained under a key of the master key named; nth numbers the history of one case.
create table audit (
  seq integer primary key,
  at integer not null,
  actor text not null,
  case_key text,
  nth integer,
  what text not null,
  body text not null,
  master_key text not null,
  chain text not null
) strict;
create unique index audit_by_case on audit (case_key, nth) where case_key is not null;

-- The end of the chain under its own mac, so that rows cut off the end are noticed.
create table audit_head (
  id integer primary key check (id = 1),
  rows integer not null,
  chain text not null,
  master_key text not null,
  mac text not null
) strict;

create table inbox (
  id integer primary key autoincrement,
  connection text not null,
  received_at integer not null,
  body blob not null,
  done integer not null default 0,
  note text
) strict;
create index inbox_waiting on inbox (id) where done = 0;
create index inbox_processed on inbox (id) where done = 1;

create table streams (
  connection text not null,
  stream text not null,
  until integer,
  completed_at integer,
  sweeps integer not null default 0,
  worker text,
  lease_until integer,
  primary key (connection, stream)
) strict;
create index streams_leased on streams (worker) where worker is not null;

create table events (
  account text not null,
  id text not null,
  at integer not null,
  kind text not null,
  subject text not null,
  body text not null,
  primary key (account, id)
) strict;
create index events_by_subject on events (account, kind, subject, at, id);

create table directory (
  account text not null,
  id text not null,
  email text,
  erp_customer text,
  body text not null,
  primary key (account, id)
) strict;
create index directory_by_email on directory (account, email, id);
create index directory_by_erp_customer on directory (account, erp_customer, id);

create table pairs (
  erp text not null,
  processor text not null,
  erp_customer text not null,
  processor_customer text not null,
  link text not null,
  matched_by text not null,
  primary key (erp, processor, erp_customer)
) strict;
create index pairs_by_processor on pairs (processor, processor_customer, erp, erp_customer);

create table collections (
  account text not null,
  id text not null,
  case_key text,
  adopted integer not null,
  created_at integer not null,
  body text not null,
  primary key (account, id)
) strict;
create index collections_by_case on collections (case_key, created_at, id);
create index collections_foreign on collections (account, created_at, id) where case_key is null;

create table kept_items (
  account text not null,
  payout text not null,
  ordinal integer not null,
  collection text,
  refund text,
  arrival_on text not null,
  body text not null,
  primary key (account, payout, ordinal)
) strict;
create index kept_items_by_collection on kept_items (account, collection);
create index kept_items_by_refund on kept_items (account, refund);
create index kept_items_by_payout on kept_items (payout, ordinal);

create table item_documents (
  account text not null,
  payout text not null,
  ordinal integer not null,
  role text not null,
  key text not null,
  document text not null,
  collection text,
  primary key (account, payout, ordinal, role)
) strict;
create index item_documents_by_collection on item_documents (account, collection);

create table exchanges (
  id integer primary key autoincrement,
  command text,
  body text not null
) strict;
create index exchanges_by_command on exchanges (command, id) where command is not null;
