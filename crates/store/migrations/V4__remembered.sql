-- What connectors read once and may use again while a list shows it unchanged. A cache: it may be
-- emptied at any time.
create table remembered (
  id integer primary key autoincrement,
  connection text not null references connections (id) on delete cascade,
  name text not null,
  body text not null,
  unique (connection, name)
) strict;
