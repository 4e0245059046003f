-- Attempts of tasks have names elsewhere too: <task>^<attempt>. A call that goes back to its task before it was dialled takes its name with it.
alter table call_tickets
  drop constraint call_tickets_product_check,
  add check (product in ('voice', 'tts', 'ivr', 'click-to-dial', 'smart', 'robot')),
  drop constraint call_tickets_wire_id_check,
  add check (wire_id ~ '^[0-9]{10,15}\^[0-9]{12}$'),
  drop constraint call_tickets_call_id_fkey,
  add foreign key (call_id) references calls on delete cascade;
