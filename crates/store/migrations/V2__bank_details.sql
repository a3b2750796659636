-- Bank details of payers, sealed as secrets are, from a person's order until they were used: then the
-- row is overwritten and deleted. See vault.rs.
create table bank_details (
  id text primary key,
  case_id integer not null references cases (id),
  at integer not null,
  master_key text not null,
  wrapped_key blob not null,
  sealed blob not null
) strict;
create index bank_details_by_case on bank_details (case_id);
