-- Forgets jobs whose retention is over: their records went by TTL, their places in the tenant's index go here.
-- KEYS: 1 retained jobs, 2 the tenant's index, 3 the tenant's batches
-- ARGV: 1 tenant id, 2… job ids
-- Replies: how many were forgotten

for i = 2, #ARGV do
  redis.call('ZREM', KEYS[2], ARGV[i])
  redis.call('ZREM', KEYS[3], ARGV[i])
  redis.call('ZREM', KEYS[1], ARGV[i] .. ' ' .. ARGV[1])
end
return #ARGV - 1
