-- Changes an endpoint that is there.
-- KEYS: 1 endpoint
-- ARGV: 1 number of fields to take out, then these, then field and value pairs
-- Replies: 1 changed, 0 not there

if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local out = tonumber(ARGV[1])
if out > 0 then
  redis.call('HDEL', KEYS[1], unpack(ARGV, 2, out + 1))
end
if #ARGV > out + 1 then
  redis.call('HSET', KEYS[1], unpack(ARGV, out + 2))
end
return 1
