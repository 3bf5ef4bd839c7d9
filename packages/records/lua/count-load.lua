-- Functions for the scripts that change what a tenant has in a shard: its jobs that have not ended, the bytes of their
-- inputs, and how many of them run. The hash of loads has "<tenant> jobs", "<tenant> bytes", "<tenant> running" (a field
-- that would be 0 is not there); "<tenant> maxJobs", "<tenant> maxBytes", "<tenant> maxRunning" where an operator has set
-- them; "<tenant> took" (mean time of a run, ms) and "<tenant> backAt" (until when waiting tickets were told to come back).
-- Every move of a job changes them in the same step as its state: they need no repair after a crash.

-- Adds to a count, or takes away from it.
local function addLoad(loads, tenant, name, amount)
  local field = tenant .. ' ' .. name
  if amount ~= 0 and redis.call('HINCRBY', loads, field, string.format('%d', amount)) <= 0 then
    redis.call('HDEL', loads, field)
  end
end

-- What the tenant has and may have: a cap of its own, else the `default` (empty: none), for this one of so many shards.
local function readLoad(loads, tenant, name, maxName, default, shards)
  local found = redis.call('HMGET', loads, tenant .. ' ' .. name, tenant .. ' ' .. maxName)
  local max = tonumber(found[2] or default)
  return tonumber(found[1] or 0), max and math.ceil(max / shards)
end

-- A run has ended after so many milliseconds. How long runs take matters only while tickets of the tenant wait for one to end.
local function endRun(loads, tenant, tookMs)
  addLoad(loads, tenant, 'running', -1)
  local found = redis.call('HMGET', loads, tenant .. ' backAt', tenant .. ' running', tenant .. ' took')
  if found[1] and found[2] then
    local before = tonumber(found[3] or tookMs)
    redis.call('HSET', loads, tenant .. ' took', string.format('%d', before + (tookMs - before) / 8))
  elseif found[1] then
    redis.call('HDEL', loads, tenant .. ' took', tenant .. ' backAt')
  end
end
