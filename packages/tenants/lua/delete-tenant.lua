-- Ends a tenant: none of its keys is let in from now on, its id is never given again, and what was sealed with its data
-- keys can be read by nobody any more.
-- KEYS: 1 tenant, 2 all tenants, 3 the tenant's data keys
-- ARGV: 1 id
-- Replies: 1 deleted, 0 not there

local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'deleted' then
  return 0
end
redis.call('HSET', KEYS[1], 'state', 'deleted')
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('DEL', KEYS[3])
return 1
