-- Gives back what a job has set aside: its call came to nothing.
-- KEYS: 1 reservations, 2 leases, 3 sums of reservations
-- ARGV: 1 job id
-- Replies: 1 given back, 0 there was nothing

local packed = redis.call('HGET', KEYS[1], ARGV[1])
if not packed then
  return 0
end
local kept = cjson.decode(packed)
for _, scope in ipairs(kept.scopes) do
  redis.call('HINCRBY', KEYS[3], scope, '-' .. kept.pico)
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
