-- Functions for the script that settles a permit: what a call's end says of its target. The gate of a lane has, by target,
-- 'probeAt' while its breaker is open (when the next call may find out whether it is back), 'probedAt' (when the last one
-- did), 'pauseMs' between them and 'passed' (good probes in a row); 'windowAt', 'faults' and 'oks' while it is closed and
-- there were faults.
local faultsToOpen, faultWindowMs, probesToClose, probePauseMs, gateTtlMs = 10, 10000, 2, 1000, 600000

local function setGate(gate, field, value)
  setField(gate, field, value)
  keepFor(gate, math.max(gateTtlMs, askOnce('PTTL', gate)))
end

-- An open breaker listens to its probes only: the other calls left before it opened. It closes after two good ones in a
-- row; the lane then catches nothing up and is paced for a minute, as after a 429.
local function noteProbe(gate, of, isFault, now)
  local probedAt, passed = tonumber(readField(gate, 'probedAt' .. of) or now), readField(gate, 'passed' .. of) or 0
  passed = isFault and 0 or passed + 1
  setGate(gate, 'passed' .. of, passed)
  if passed == 0 then return 4 end
  if passed < probesToClose then
    setGate(gate, 'probeAt' .. of, math.max(now, probedAt + probePauseMs))
    setGate(gate, 'pauseMs' .. of, probePauseMs)
    return 4
  end
  for _, name in ipairs({ 'probeAt', 'probedAt', 'pauseMs', 'passed' }) do setField(gate, name .. of, false) end
  if tonumber(readField(gate, 'untilMs') or 0) < now then
    setGate(gate, 'untilMs', now)
    setGate(gate, 'reason', 'the target is back')
  end
  return 3
end

-- Good calls are counted only while there are faults, so that they cost nothing else.
local function noteCall(gate, of, isFault, now)
  local windowAt = tonumber(readField(gate, 'windowAt' .. of) or now)
  local faults, oks = readField(gate, 'faults' .. of) or 0, readField(gate, 'oks' .. of) or 0
  if now > windowAt + faultWindowMs then windowAt, faults, oks = now, 0, 0 end
  faults, oks = faults + (isFault and 1 or 0), oks + (isFault and 0 or 1)
  if faults > 0 and (faults < faultsToOpen or faults < oks) then
    setGate(gate, 'windowAt' .. of, windowAt)
    setGate(gate, 'faults' .. of, faults)
    setGate(gate, 'oks' .. of, oks)
    return 1
  end
  for _, name in ipairs({ 'windowAt', 'faults', 'oks' }) do setField(gate, name .. of, false) end
  if faults == 0 then return 1 end
  setGate(gate, 'probeAt' .. of, now + probePauseMs)
  setGate(gate, 'pauseMs' .. of, probePauseMs)
  setGate(gate, 'passed' .. of, 0)
  return 2
end

-- Returns 1 nothing to tell | 2 the target's breaker opened | 3 it closed | 4 it was and is open
local function noteOutcome(gate, target, isFault, isProbe, now)
  local of = ':' .. target
  local probeAt, windowAt = 'probeAt' .. of, 'windowAt' .. of
  fetchFields(gate, probeAt, windowAt)
  if readField(gate, probeAt) then return isProbe and noteProbe(gate, of, isFault, now) or 4 end
  if isFault or readField(gate, windowAt) then return noteCall(gate, of, isFault, now) end
  return 1
end
