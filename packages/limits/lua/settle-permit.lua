-- Replaces what a permit was charged by what the call really used, ends its leases, and tells the target's breaker how
-- the call went. The permit's record goes with it: a second settle, and one of an unknown permit, changes no bucket.
-- The correction goes to the slot of the permit. If that has left the window, so has the correction.
--
-- KEYS  1 gate, 2 the permit's record, 3 leases of the lane, 4 leases of the tenant, then for each bucket: its hash
-- ARGV  1 permit id, 2 whether the lane leases, 3 whether the tenant does (1 or 0), 4 target, 5 how the call went ('ok',
--       'fault' or '' = says nothing of the target), then for each bucket: used units, window in ms; last and only in
--       tests: now in epoch ms instead of Redis TIME
-- Reply 1 settled | 0 there was no record | 2 the target's breaker opened | 3 it closed | 4 it was and is open
local faultsToOpen, faultWindowMs, probesToClose, probePauseMs, gateTtlMs = 10, 10000, 2, 1000, 600000
local bucketCount = #KEYS - 4
local now = tonumber(ARGV[6 + bucketCount * 2])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function correct(bucket, slot, more, intervalMs, windowMs)
  if more == 0 or slot <= now then return end
  local slotName = string.format('%d', slot)
  local stored = redis.call('HMGET', bucket, slotName, 'state')
  if not stored[1] then return end
  local total, dueAt, oldest, newest = struct.unpack('dddd', stored[2])
  -- What was not used need not be paced. What was used beyond delays the lane by one window at most.
  dueAt = math.min(dueAt + more * intervalMs, math.max(dueAt, now + windowMs))
  redis.call('HSET', bucket, slotName, string.format('%d', stored[1] + more),
    'state', struct.pack('dddd', total + more, dueAt, oldest, newest))
end

local function field(name) return name .. ':' .. ARGV[4] end
local function setGate(...)
  redis.call('HSET', KEYS[1], ...)
  if redis.call('PTTL', KEYS[1]) < gateTtlMs then redis.call('PEXPIRE', KEYS[1], gateTtlMs) end
end

-- An open breaker listens to its probes only: the other calls left before it opened. It closes after two good ones in a
-- row; the lane then catches nothing up and is paced for a minute, as after a 429.
local function noteProbe(probedAt)
  if ARGV[5] == 'fault' then setGate(field('passed'), 0) return 4 end
  if redis.call('HINCRBY', KEYS[1], field('passed'), 1) < probesToClose then
    setGate(field('probeAt'), math.max(now, probedAt + probePauseMs), field('pauseMs'), probePauseMs)
    return 4
  end
  redis.call('HDEL', KEYS[1], field('probeAt'), field('probedAt'), field('pauseMs'), field('passed'))
  local untilMs = tonumber(redis.call('HGET', KEYS[1], 'untilMs') or 0)
  if untilMs < now then setGate('untilMs', now, 'reason', 'the target is back') end
  return 3
end

-- Good calls are counted only while there are faults, so that they cost nothing else.
local function noteCall(windowAt, faults, oks)
  if now > windowAt + faultWindowMs then windowAt, faults, oks = now, 0, 0 end
  if ARGV[5] == 'ok' then oks = oks + 1 else faults = faults + 1 end
  if faults > 0 and (faults < faultsToOpen or faults < oks) then
    return setGate(field('windowAt'), windowAt, field('faults'), faults, field('oks'), oks)
  end
  redis.call('HDEL', KEYS[1], field('windowAt'), field('faults'), field('oks'))
  if faults == 0 then return end
  setGate(field('probeAt'), now + probePauseMs, field('pauseMs'), probePauseMs, field('passed'), 0)
  return 2
end

local function noteOutcome(isProbe)
  local gate = redis.call('HMGET', KEYS[1], field('probeAt'), field('windowAt'), field('faults'), field('oks'),
    field('probedAt'))
  if gate[1] then return isProbe and noteProbe(tonumber(gate[5] or now)) or 4 end
  if gate[2] or ARGV[5] == 'fault' then
    return noteCall(tonumber(gate[2] or now), tonumber(gate[3] or 0), tonumber(gate[4] or 0))
  end
end

for i = 2, 3 do if ARGV[i] == '1' then redis.call('ZREM', KEYS[i + 1], ARGV[1]) end end
local packed = redis.call('GETDEL', KEYS[2])
if not packed then return 0 end
local record = cmsgpack.unpack(packed)
for i = 1, bucketCount do
  local slot, amount, intervalMs = record[i * 3 - 1], record[i * 3], record[i * 3 + 1]
  correct(KEYS[4 + i], slot, ARGV[4 + i * 2] - amount, intervalMs, tonumber(ARGV[5 + i * 2]))
end
local noted = ARGV[5] ~= '' and noteOutcome(record[1]) or 1
return noted > 1 and noted or 1
