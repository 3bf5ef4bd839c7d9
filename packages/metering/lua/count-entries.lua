-- Adds what was counted of a shard's ledger, once: only if it was counted from where the last one stopped.
-- KEYS: 1 id of the last entry that is counted, 2… buckets
-- ARGV: 1 the id it was counted from (`0`: the beginning), 2 the id of the last entry, then for each bucket: when it goes
--       away (epoch ms), how many rows, and so many pairs of a row and its new totals
-- Replies: 1 added, 0 another meter was faster

if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2])
local at = 3
for i = 2, #KEYS do
  local rows = tonumber(ARGV[at + 1])
  for row = 1, rows do
    redis.call('HSET', KEYS[i], ARGV[at + row * 2], ARGV[at + row * 2 + 1])
  end
  redis.call('PEXPIREAT', KEYS[i], ARGV[at])
  at = at + 2 + rows * 2
end
return 1
