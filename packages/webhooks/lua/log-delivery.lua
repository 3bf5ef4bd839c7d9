-- Writes where a delivery stands, and the attempt that has just ended, if one has. A delivery that was delivered goes back
-- to another state only when it is sent again on purpose.
-- KEYS: 1 delivery, 2 the endpoint's deliveries, 3 endpoint
-- ARGV: 1 delivery id, 2 now (epoch ms), 3 TTL (ms), 4 most deliveries kept, 5 state, 6 next try (epoch ms, or empty),
--       7 attempt (JSON without its number, or empty), 8 most attempts kept, 9 '1': only if it is new, 10… field and
--       value pairs that never change
-- Replies: number of the attempt, 0 without one

if redis.call('EXISTS', KEYS[3]) == 0 then
  return 0
end
local known = redis.call('HGET', KEYS[1], 'state')
if known and ARGV[9] == '1' then
  return 0
end
local number = 0
redis.call('HSET', KEYS[1], 'state', ARGV[5], unpack(ARGV, 10))
if ARGV[6] == '' then
  redis.call('HDEL', KEYS[1], 'nextTry')
else
  redis.call('HSET', KEYS[1], 'nextTry', ARGV[6])
end
if ARGV[7] ~= '' then
  number = redis.call('HINCRBY', KEYS[1], 'attempts', 1)
  redis.call('HSET', KEYS[1], 'attempt:' .. number, ARGV[7])
  redis.call('HDEL', KEYS[1], 'attempt:' .. (number - tonumber(ARGV[8])))
end
if not known then
  redis.call('HSET', KEYS[1], 'createdAt', ARGV[2])
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', tonumber(ARGV[2]) - tonumber(ARGV[3]))
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1 - tonumber(ARGV[4]))
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return number
