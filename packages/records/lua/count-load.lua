-- Functions for the scripts that change what a tenant has in a shard: its jobs that have not ended, the bytes of their
-- inputs, and how many of them run. The hash of loads has "<tenant> jobs", "<tenant> bytes", "<tenant> running" (a field
-- that would be 0 is not there); "<tenant> maxJobs", "<tenant> maxBytes", "<tenant> maxRunning" where an operator has set
-- them; "<tenant> took" (mean time of a run, ms) and "<tenant> backAt" (until when waiting tickets were told to come back).
-- Every move of a job changes them in the same step as its state: they need no repair after a crash. Many moves in one command
-- read and write them once: see hold-back.lua.

-- The names of a tenant's fields, put together once for all moves of a command.
local fieldsOf = {}
local function loadFields(tenant)
  local fields = fieldsOf[tenant]
  if not fields then
    fields = { jobs = tenant .. ' jobs', bytes = tenant .. ' bytes', running = tenant .. ' running',
      maxJobs = tenant .. ' maxJobs', maxBytes = tenant .. ' maxBytes', maxRunning = tenant .. ' maxRunning',
      took = tenant .. ' took', backAt = tenant .. ' backAt' }
    fieldsOf[tenant] = fields
  end
  return fields
end

-- Adds to a count, or takes away from it.
local function addLoad(loads, tenant, name, amount)
  local field = loadFields(tenant)[name]
  local count = (readField(loads, field) or 0) + amount
  setField(loads, field, count > 0 and count)
end

-- What the tenant has and may have: a cap of its own, else the `default` (empty: none), for this one of so many shards.
local function readLoad(loads, tenant, name, maxName, default, shards)
  local fields = loadFields(tenant)
  local field, maxField = fields[name], fields[maxName]
  fetchFields(loads, field, maxField)
  local max = tonumber(readField(loads, maxField) or default)
  return tonumber(readField(loads, field) or 0), max and math.ceil(max / shards)
end

-- A run has ended after so many milliseconds. How long runs take matters only while tickets of the tenant wait for one to end.
local function endRun(loads, tenant, tookMs)
  local fields = loadFields(tenant)
  fetchFields(loads, fields.running, fields.backAt, fields.took)
  addLoad(loads, tenant, 'running', -1)
  local isAwaited = readField(loads, fields.backAt)
  if isAwaited and readField(loads, fields.running) then
    local before = tonumber(readField(loads, fields.took) or tookMs)
    setField(loads, fields.took, before + (tookMs - before) / 8)
  elseif isAwaited then
    setField(loads, fields.took, false)
    setField(loads, fields.backAt, false)
  end
end

-- When a ticket is to come back whose tenant has as many runs as it may have, ms from now. Tickets that come back are told
-- one time after the other, twice as many as runs end in that time, within a minute.
local function comeBack(loads, tenant, most, now)
  local fields = loadFields(tenant)
  local took, backAt = tonumber(readField(loads, fields.took) or 1000), tonumber(readField(loads, fields.backAt) or 0)
  local between = math.max(20, math.min(took, 10000)) / most
  local at = math.min(math.max(backAt, now + between) + between / 2, now + 60000)
  setField(loads, fields.backAt, at, '%.3f')
  return math.ceil(at - now)
end
