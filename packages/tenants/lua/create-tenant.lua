-- Creates a tenant. An id that was ever given, to a deleted tenant too, is not given again: what that one left behind
-- must not become somebody else's.
-- KEYS: 1 tenant, 2 all tenants
-- ARGV: 1 id, 2 now (epoch ms), 3 name
-- Replies: 1 created, 0 the id is taken

if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('HSET', KEYS[1], 'state', 'active', 'createdAt', ARGV[2], 'name', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
return 1
