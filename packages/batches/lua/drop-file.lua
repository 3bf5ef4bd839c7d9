-- Takes a file from whoever could see it. Its entry among the ends stays, overdue, until its bytes are gone: a crash before
-- that leaves them to the sweeper.
-- KEYS: 1 file, 2 its parts, 3 the tenant's files, 4 ends, 5 bytes of tenants
-- ARGV: 1 file id, 2 tenant
-- Replies: 1 it was there, 0 not

redis.call('ZADD', KEYS[4], 0, ARGV[1] .. ' ' .. ARGV[2])
redis.call('ZREM', KEYS[3], ARGV[1])
local bytes = tonumber(redis.call('HGET', KEYS[1], 'bytes') or 0)
if bytes > 0 and redis.call('HINCRBY', KEYS[5], ARGV[2], -bytes) <= 0 then
  redis.call('HDEL', KEYS[5], ARGV[2])
end
redis.call('DEL', KEYS[2])
return redis.call('DEL', KEYS[1])
