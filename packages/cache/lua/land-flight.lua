-- The leader has what all have waited for: the flight is over, and those that waited are handed over, once.
-- KEYS: 1 flight, 2 those that wait
-- ARGV: 1 job id
-- Replies: where the ticket of each is (JSON); none where another leads now

if redis.call('HGET', KEYS[1], 'leader') ~= ARGV[1] then
  return {}
end
local waiting = redis.call('HVALS', KEYS[2])
redis.call('UNLINK', KEYS[1], KEYS[2])
return waiting
