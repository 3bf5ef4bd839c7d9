-- Appends a piece of a job's answer to its deltas. They are in the order in which one run of the job sent them:
-- - the first piece of a run takes the deltas over, and says with a restart that what other runs sent counts no more;
-- - a run that was taken over from is refused, so that no two runs mix, unless it has the whole: it takes over again then;
-- - a piece whose number is not higher than the last one's was appended before: its call was sent again.
-- A job that is tried again goes on numbering them where those of the first try may be gone: `base` is how many are.
-- Each is stored behind the number of the timeline event that came before it, which puts both in one order.
-- KEYS: 1 job, 2 timeline, 3 deltas
-- ARGV: 1 token of the run, 2 number of the piece in its run (from 1), 3 piece (event as JSON, or empty), 4 restart (event as
--       JSON), 5 channel, 6 the whole answer (event as JSON, or empty)
-- Replies: 1 appended, 0 refused: the run was taken over from, or the job has ended or is gone

local found = redis.call('HMGET', KEYS[1], 'state', 'deltas', 'droppedEvents')
local state = found[1]
if state ~= 'queued' and state ~= 'in_progress' and state ~= 'paused' then
  return 0
end
local run, last, count, base = string.match(found[2] or '', '^(%S+) (%d+) (%d+) (%d+)$')
count, base = tonumber(count or 0), tonumber(base or 0)
local number = tonumber(ARGV[2])
if run == ARGV[1] and number <= tonumber(last) then
  return 1
end
local piece = ARGV[3]
if run ~= ARGV[1] and number ~= 1 then
  piece = ARGV[6]
end
if piece == '' then
  return run == ARGV[1] and 1 or 0
end

local place = tonumber(found[3] or 0) + redis.call('LLEN', KEYS[2])
if run ~= ARGV[1] and count > 0 then
  base = redis.call('PERSIST', KEYS[3]) == 0 and redis.call('EXISTS', KEYS[3]) == 0 and count or base
  redis.call('RPUSH', KEYS[3], place .. ' ' .. ARGV[4])
  count = count + 1
end
redis.call('RPUSH', KEYS[3], place .. ' ' .. piece)
redis.call('HSET', KEYS[1], 'deltas', ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. (count + 1) .. ' ' .. base)
redis.call('PUBLISH', ARGV[5], '')
return 1
