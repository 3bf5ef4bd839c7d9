-- Writes the call of a run that no longer moves its job: it was cancelled, or another worker has it. Once for each call;
-- a run that was given up for lost is in the ledger already, and its call is written beside it.
-- A job that was ended from outside while it ran shows what that run came to, as long as nobody has retried it.
-- KEYS: 1 job, 2 ledger
-- ARGV: 1 entry of the ledger (JSON), 2 the number of its call, 3 the run (empty: its job shows nothing of it), 4 attempt
--       (JSON), 5… field and value pairs of the record
-- Replies: 1 written, 0 it was there

if redis.call('EXISTS', KEYS[1]) == 1 then
  if redis.call('HSETNX', KEYS[1], 'late:' .. ARGV[2], '1') == 0 then
    return 0
  end
  local found = redis.call('HMGET', KEYS[1], 'state', 'run', 'calls', 'attempts')
  if tonumber(ARGV[2]) > tonumber(found[3] or 0) then
    redis.call('HSET', KEYS[1], 'calls', ARGV[2])
  end
  if ARGV[3] ~= '' and ARGV[3] == found[2] and (found[1] == 'cancelled' or found[1] == 'expired') then
    local attempts = found[4] and (found[4] .. ',' .. ARGV[4]) or ARGV[4]
    redis.call('HSET', KEYS[1], 'attempts', attempts, unpack(ARGV, 5))
  end
end
redis.call('XADD', KEYS[2], '*', 'entry', ARGV[1])
return 1
