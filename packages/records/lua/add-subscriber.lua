-- Notes that somebody wants to know of a tenant's jobs. The number grows with each call for the tenant; an older one that
-- arrives late changes nothing.
-- KEYS: 1 subscribers of the shard
-- ARGV: 1 tenant id, 2 number
-- Replies: 1

local known = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '-1')
if tonumber(ARGV[2]) > known then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
return 1
