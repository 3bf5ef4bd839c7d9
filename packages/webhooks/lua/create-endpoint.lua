-- Creates an announced endpoint, unless one was removed since: that one may have taken the tenant out of a mirror.
-- KEYS: 1 endpoint, 2 the tenant's endpoints, 3 generation
-- ARGV: 1 endpoint id, 2 now (epoch ms), 3 most endpoints, 4 removed, as announced, 5… field and value pairs
-- Replies: 'created' | 'too_many' | 'again'

if (redis.call('HGET', KEYS[3], 'removed') or '0') ~= ARGV[4] then
  return 'again'
end
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[3]) then
  return 'too_many'
end
redis.call('HSET', KEYS[1], 'createdAt', ARGV[2], unpack(ARGV, 5))
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
return 'created'
