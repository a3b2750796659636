-- Deliveries in which something could not be understood: 1 waits for a person, 2 was dismissed by one.
alter table inbox add column odd integer not null default 0;
create index inbox_odd on inbox (odd, id) where odd > 0;
