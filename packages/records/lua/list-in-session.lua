-- listInSession(index, key, lease): lists a key of a session, for as long as the last of its keys lives.
-- ARGV of its users: the lease is in ms.

local function listInSession(index, key, lease)
  redis.call('SADD', index, key)
  if redis.call('PTTL', index) < tonumber(lease) then
    redis.call('PEXPIRE', index, lease)
  end
end
