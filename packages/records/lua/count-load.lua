-- Functions for the scripts that change what a tenant has in a shard: its jobs that have not ended, the bytes of their
-- inputs, and how many of them run. The hash of loads has "<tenant> jobs", "<tenant> bytes", "<tenant> running" (a field
-- that would be 0 is not there); "<tenant> maxJobs", "<tenant> maxBytes", "<tenant> maxRunning" where an operator has set
-- them; "<tenant> took" (mean time of a run, ms) and "<tenant> backAt" (until when waiting tickets were told to come back).
-- Every move of a job changes them in the same step as its state: they need no repair after a crash. Many moves in one command
-- read and write them once: see hold-back.lua.

-- Adds to a count, or takes away from it.
local function addLoad(loads, tenant, name, amount)
  local field = tenant .. ' ' .. name
  local count = (readField(loads, field) or 0) + amount
  setField(loads, field, count > 0 and string.format('%d', count))
end

-- What the tenant has and may have: a cap of its own, else the `default` (empty: none), for this one of so many shards.
local function readLoad(loads, tenant, name, maxName, default, shards)
  local field, maxField = tenant .. ' ' .. name, tenant .. ' ' .. maxName
  fetchFields(loads, field, maxField)
  local max = tonumber(readField(loads, maxField) or default)
  return tonumber(readField(loads, field) or 0), max and math.ceil(max / shards)
end

-- A run has ended after so many milliseconds. How long runs take matters only while tickets of the tenant wait for one to end.
local function endRun(loads, tenant, tookMs)
  local running = tenant .. ' running'
  fetchFields(loads, running, tenant .. ' backAt', tenant .. ' took')
  addLoad(loads, tenant, 'running', -1)
  local isAwaited = readField(loads, tenant .. ' backAt')
  if isAwaited and readField(loads, running) then
    local before = tonumber(readField(loads, tenant .. ' took') or tookMs)
    setField(loads, tenant .. ' took', string.format('%d', before + (tookMs - before) / 8))
  elseif isAwaited then
    setField(loads, tenant .. ' took', false)
    setField(loads, tenant .. ' backAt', false)
  end
end
