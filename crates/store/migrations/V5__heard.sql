-- What people had said of the case when a command was decided or sent last, by the number of the newest
-- word: only a later one clears its refusal. Times can not tell: people and workers have clocks of their own.
alter table commands add column heard integer not null default 0;
update commands set heard = coalesce(
  (select max(nth) from person_facts
   where person_facts.case_id = commands.case_id
     and person_facts.at < coalesce(commands.last_sent_at, commands.decided_at)), 0);
-- Never written.
alter table commands drop column rejected_version;
