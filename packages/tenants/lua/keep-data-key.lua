-- Keeps a data key of a tenant: its first, or one more that is used from now on. A tenant that is gone gets none.
-- KEYS: 1 tenant, 2 the tenant's data keys
-- ARGV: 1 id of the data key, 2 the key as a master key wraps it, 3 '1': also where there is one already
-- Replies: every field and value of the data keys: `current` -> id, id -> wrapped key; {} without the tenant

local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'deleted' then
  return {}
end
if ARGV[3] == '1' or redis.call('HEXISTS', KEYS[2], 'current') == 0 then
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2], 'current', ARGV[1])
end
return redis.call('HGETALL', KEYS[2])
