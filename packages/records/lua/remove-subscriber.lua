-- Notes that nobody wants to know of a tenant's jobs any more, unless somebody has asked since the number was given.
-- KEYS: 1 subscribers of the shard
-- ARGV: 1 tenant id, 2 number
-- Replies: 1 removed, 0 not

local known = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '-1')
if known == -1 or known > tonumber(ARGV[2]) then
  return 0
end
return redis.call('HDEL', KEYS[1], ARGV[1])
