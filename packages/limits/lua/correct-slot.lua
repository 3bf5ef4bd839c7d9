-- Function for the script that settles a permit: a call has used so many units more (or less) than its permit was charged
-- for in this slot of a bucket. If the slot has left the window, so has the correction.
local function correctSlot(bucket, slot, more, intervalMs, now, windowMs)
  if more == 0 or slot <= now then return end
  local slotName = string.format('%d', slot)
  fetchFields(bucket, slotName, 'state')
  local used = readField(bucket, slotName)
  if not used then return end
  local total, dueAt, oldest, newest = struct.unpack('dddd', readField(bucket, 'state'))
  -- What was not used need not be paced. What was used beyond delays the lane by one window at most.
  dueAt = math.min(dueAt + more * intervalMs, math.max(dueAt, now + windowMs))
  setField(bucket, slotName, used + more)
  setField(bucket, 'state', struct.pack('dddd', total + more, dueAt, oldest, newest))
end
