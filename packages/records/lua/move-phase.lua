-- A file's batch goes on to its next phase, once. `part` may append to its files in the same step.
-- KEYS: 1 the batch's job, 2 timeline
-- ARGV: 1 phases that it may come from as `,a,b,`, 2 the next phase, 3 event (JSON), 4 channel, 5… field and value pairs
-- Replies: {'moved'} | {'refused', phase, state} | {'missing'}

local found = redis.call('HMGET', KEYS[1], 'state', 'phase')
local state, phase = found[1], found[2]
if not state or not phase then
  return { 'missing' }
end
local isLive = state == 'queued' or state == 'in_progress'
if not isLive or not string.find(ARGV[1], ',' .. phase .. ',', 1, true) then
  return { 'refused', phase, state }
end
redis.call('HSET', KEYS[1], 'phase', ARGV[2], unpack(ARGV, 5))
part()
redis.call('RPUSH', KEYS[2], ARGV[3])
redis.call('PUBLISH', ARGV[4], '')
return { 'moved' }
