-- Changes fields of a tenant that is there; a deleted one stays as it is.
-- KEYS: 1 tenant
-- ARGV: field and value pairs
-- Replies: 1 changed, 0 not there

local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'deleted' then
  return 0
end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
