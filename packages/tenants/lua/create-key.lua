-- Creates a key of a tenant that is there.
-- KEYS: 1 tenant, 2 key, 3 the tenant's keys
-- ARGV: 1 key id, 2 now (epoch ms), 3 most keys of a tenant, 4 TTL of the record (ms, or empty), 5… field and value pairs
-- Replies: 'created' | 'no_tenant' | 'too_many'

local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'deleted' then
  return 'no_tenant'
end
if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[3]) then
  return 'too_many'
end
redis.call('HSET', KEYS[2], 'createdAt', ARGV[2], unpack(ARGV, 5))
if ARGV[4] ~= '' then
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
return 'created'
