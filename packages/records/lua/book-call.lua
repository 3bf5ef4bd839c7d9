-- Writes the call of a run that no longer moves its job: it was cancelled, or another worker has it. Once for each call;
-- a run that was given up for lost is in the ledger already, and its call is written beside it.
-- KEYS: 1 job, 2 ledger
-- ARGV: 1 entry of the ledger (JSON), 2 the number of its call
-- Replies: 1 written, 0 it was there

if redis.call('EXISTS', KEYS[1]) == 1 then
  if redis.call('HSETNX', KEYS[1], 'late:' .. ARGV[2], '1') == 0 then
    return 0
  end
  if tonumber(ARGV[2]) > tonumber(redis.call('HGET', KEYS[1], 'calls') or 0) then
    redis.call('HSET', KEYS[1], 'calls', ARGV[2])
  end
end
redis.call('XADD', KEYS[2], '*', 'entry', ARGV[1])
return 1
