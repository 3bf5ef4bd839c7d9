-- The batches at vendors that a batch of a file is run by have moved on: only from what they were when they were read.
-- KEYS: 1 the batch's job, 2 timeline
-- ARGV: 1 what they were (JSON), 2 what they are (JSON), 3 event (JSON, or empty), 4 channel
-- Replies: 1 moved, 0 somebody else has moved them, or the batch has ended

local found = redis.call('HMGET', KEYS[1], 'state', 'native')
if found[1] ~= 'in_progress' or found[2] ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'native', ARGV[2])
if ARGV[3] ~= '' then
  redis.call('RPUSH', KEYS[2], ARGV[3])
  redis.call('PUBLISH', ARGV[4], '')
end
return 1
