-- Makes a key in the place of another: same tenant, name, scopes and rate. The old one ends when the overlap does, or
-- earlier if it would have.
-- KEYS: 1 tenant, 2 old key, 3 new key, 4 the tenant's keys
-- ARGV: 1 id of the new key, 2 now (epoch ms), 3 end of the old key (epoch ms), 4 time records are kept after their end
--       (ms), 5 digest, 6 hint, 7 end of the new key (epoch ms; empty: lives as long as the old one was to live)
-- Replies: 'rotated' | 'no_tenant' | 'ended'

local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'deleted' then
  return 'no_tenant'
end
local old = redis.call('HMGET', KEYS[2], 'tenant', 'name', 'scopes', 'rate', 'createdAt', 'expiresAt', 'revokedAt')
local now = tonumber(ARGV[2])
local expiresAt = tonumber(old[6] or '')
if not old[1] or old[7] or (expiresAt and expiresAt <= now) then
  return 'ended'
end

local newEnd = tonumber(ARGV[7])
if not newEnd and expiresAt then
  newEnd = now + expiresAt - tonumber(old[5])
end
redis.call('HSET', KEYS[3], 'tenant', old[1], 'name', old[2], 'scopes', old[3], 'createdAt', ARGV[2],
  'digest', ARGV[5], 'hint', ARGV[6])
if old[4] then
  redis.call('HSET', KEYS[3], 'rate', old[4])
end
if newEnd then
  redis.call('HSET', KEYS[3], 'expiresAt', newEnd)
  redis.call('PEXPIRE', KEYS[3], newEnd - now + tonumber(ARGV[4]))
end
redis.call('ZADD', KEYS[4], ARGV[2], ARGV[1])

local oldEnd = math.min(tonumber(ARGV[3]), expiresAt or math.huge)
redis.call('HSET', KEYS[2], 'expiresAt', oldEnd)
redis.call('PEXPIRE', KEYS[2], oldEnd - now + tonumber(ARGV[4]))
return 'rotated'
