-- Adds a piece of a shard's ledger to what is spent and ends the reservations of its jobs, once: only if it follows on what
-- is added already.
-- KEYS: 1 ids up to which each shard is added, 2 reservations, 3 leases, 4 sums of them, 5… periods
-- ARGV: 1 shard, 2 the id it was read from, 3 the id of its last entry, 4 how many jobs, then of each
--       its id and the number of its last call, then for each
--       period: when it goes away (epoch ms), how many scopes, and so many pairs of a scope and picodollars
-- Replies: 1 added, 0 another meter was faster

if (redis.call('HGET', KEYS[1], ARGV[1]) or '0') ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
local jobs = tonumber(ARGV[4])
local isReserved = redis.call('EXISTS', KEYS[2]) == 1
for i = 5, isReserved and 4 + jobs * 2 or 0, 2 do
  local packed = redis.call('HGET', KEYS[2], ARGV[i])
  local kept = packed and cjson.decode(packed)
  -- A later call of the job has set aside anew.
  if kept and kept.call <= tonumber(ARGV[i + 1]) then
    for _, scope in ipairs(kept.scopes) do
      redis.call('HINCRBY', KEYS[4], scope, '-' .. kept.pico)
    end
    redis.call('HDEL', KEYS[2], ARGV[i])
    redis.call('ZREM', KEYS[3], ARGV[i])
  end
end
local at = 5 + jobs * 2
for i = 5, #KEYS do
  local scopes = tonumber(ARGV[at + 1])
  for scope = 1, scopes do
    redis.call('HINCRBY', KEYS[i], ARGV[at + scope * 2], ARGV[at + scope * 2 + 1])
  end
  redis.call('PEXPIREAT', KEYS[i], ARGV[at])
  at = at + 2 + scopes * 2
end
return 1
