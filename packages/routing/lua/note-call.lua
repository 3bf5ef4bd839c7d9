-- Counts a call of an arm, and rolls the arm back when it does worse than the baseline allows. Once: an arm that was rolled
-- back stays so until an operator resets it.
-- KEYS: 1 arms that were rolled back, 2 the slot of now, 3… the other slots of the window
-- ARGV: 1 arm, 2 baseline, 3 '1' for a failed call, 4 its time (ms), 5 its cost in billionths of a dollar (empty: unknown),
--       6 time to live of a slot (ms), 7 fewest calls that say something, 8 how much higher the share of failed calls may be,
--       9 and 10 how many times the baseline's mean time and mean cost may be (8 to 10 are empty for no limit),
--       11 name of the arm in KEYS[1], 12 now (epoch ms)
-- Replies: the reason why it was rolled back just now, or nil

local arm, baseline = ARGV[1], ARGV[2]
redis.call('HINCRBY', KEYS[2], arm .. ' calls', 1)
if ARGV[3] == '1' then
  redis.call('HINCRBY', KEYS[2], arm .. ' errors', 1)
else
  redis.call('HINCRBY', KEYS[2], arm .. ' ms', ARGV[4])
  if ARGV[5] ~= '' then
    redis.call('HINCRBY', KEYS[2], arm .. ' costed', 1)
    redis.call('HINCRBY', KEYS[2], arm .. ' nanos', ARGV[5])
  end
end
redis.call('PEXPIRE', KEYS[2], ARGV[6])
if arm == baseline or redis.call('HEXISTS', KEYS[1], ARGV[11]) == 1 then
  return
end

local function sum(name)
  local total = { calls = 0, errors = 0, ms = 0, costed = 0, nanos = 0 }
  for i = 2, #KEYS do
    local found = redis.call('HMGET', KEYS[i], name .. ' calls', name .. ' errors', name .. ' ms', name .. ' costed',
      name .. ' nanos')
    for j, field in ipairs({ 'calls', 'errors', 'ms', 'costed', 'nanos' }) do
      total[field] = total[field] + (tonumber(found[j]) or 0)
    end
  end
  return total
end

local mine, theirs, least = sum(arm), sum(baseline), tonumber(ARGV[7])
if mine.calls < least then
  return
end

local function tooFar(amount, count, otherAmount, otherCount, factor)
  return factor ~= '' and count > 0 and otherCount >= least
    and amount / count > otherAmount / otherCount * tonumber(factor)
end

local rate, otherRate = mine.errors / mine.calls, theirs.errors / math.max(1, theirs.calls)
local reason
if ARGV[8] ~= '' and rate > otherRate + tonumber(ARGV[8]) then
  reason = string.format('%.1f %% of its calls failed, %.1f %% of the baseline’s', rate * 100, otherRate * 100)
elseif tooFar(mine.ms, mine.calls - mine.errors, theirs.ms, theirs.calls - theirs.errors, ARGV[9]) then
  reason = string.format('a call took %d ms, the baseline’s %d ms', mine.ms / (mine.calls - mine.errors),
    theirs.ms / (theirs.calls - theirs.errors))
elseif tooFar(mine.nanos, mine.costed, theirs.nanos, theirs.costed, ARGV[10]) then
  reason = string.format('a call cost $%.6f, the baseline’s $%.6f', mine.nanos / mine.costed / 1e9,
    theirs.nanos / theirs.costed / 1e9)
end
if reason then
  redis.call('HSET', KEYS[1], ARGV[11], cjson.encode({ atMs = tonumber(ARGV[12]), reason = reason }))
end
return reason
