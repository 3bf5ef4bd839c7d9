-- Whether a run still has its job. Writes nothing.
-- KEYS: 1 job
-- ARGV: 1 the run
-- Replies: 'held' | 'ended': the job was ended while the run had it, by a cancel or a deadline |
--          'lost': another run has it, or had it, or it is gone

local found = redis.call('HMGET', KEYS[1], 'state', 'run')
local state = found[1]
if found[2] ~= ARGV[1] then
  return 'lost'
end
if state == 'in_progress' then
  return 'held'
end
return (state == 'cancelled' or state == 'expired') and 'ended' or 'lost'
