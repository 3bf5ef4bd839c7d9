-- Results of a batch at a vendor are in the files of the batch: each line once, with its call in the ledger. `part` appends to
-- the files. All of it happens once: what was counted before must still be so.
-- KEYS: 1 the batch's job, 2 timeline, 3 ledger, 4 the lines that are done (a bit each)
-- ARGV: 1 drained, as it was read, 2 how many of the lines have failed, 3 event (JSON, or empty), 4 channel, 5 sums (JSON),
--       6 how long the bits stay (ms), 7 how many entries of the ledger follow, these (JSON), then the indexes of the lines
-- Replies: 1 booked, 0 somebody else has been here

local found = redis.call('HMGET', KEYS[1], 'state', 'drained')
if found[1] ~= 'in_progress' or found[2] ~= ARGV[1] then
  return 0
end
local firstLine = 8 + tonumber(ARGV[7])
for i = 8, firstLine - 1 do
  redis.call('XADD', KEYS[3], '*', 'entry', ARGV[i])
end
for i = firstLine, #ARGV do
  redis.call('SETBIT', KEYS[4], ARGV[i], 1)
end
redis.call('PEXPIRE', KEYS[4], ARGV[6])
local lines = #ARGV - firstLine + 1
for _, counter in ipairs({ 'fed', 'ended', 'drained' }) do
  redis.call('HINCRBY', KEYS[1], counter, lines)
end
redis.call('HINCRBY', KEYS[1], 'failed', ARGV[2])
redis.call('HSET', KEYS[1], 'sums', ARGV[5])
part()
if ARGV[3] ~= '' then
  redis.call('RPUSH', KEYS[2], ARGV[3])
  redis.call('PUBLISH', ARGV[4], '')
end
return 1
