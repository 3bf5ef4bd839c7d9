-- Reads what follows a place in a job's events: its timeline and its deltas, each in its own order.
-- KEYS: 1 job, 2 timeline, 3 deltas
-- ARGV: 1 number of the last timeline event already seen, 2 how many deltas were seen, 3 most of each
-- Replies: {state, request (JSON), deltas written in all, those before the first one here, number of the first timeline
--          event, {timeline events (JSON)…}, {deltas as `<timeline number> <JSON>`…}} | nil when the job is gone

local found = redis.call('HMGET', KEYS[1], 'state', 'request', 'droppedEvents', 'deltas')
if not found[1] then
  return nil
end
-- Events are numbered from 1; the first one that is still stored has the number dropped + 1.
local dropped = tonumber(found[3] or 0)
local start = math.max(0, tonumber(ARGV[1]) - dropped)
local most = tonumber(ARGV[3])
local events = redis.call('LRANGE', KEYS[2], start, start + most - 1)
if not found[4] then
  return { found[1], found[2], 0, 0, dropped + start + 1, events, {} }
end
local count, base = string.match(found[4], '(%d+) (%d+)$')
base = tonumber(base)
local seen = math.max(tonumber(ARGV[2]), base)
local deltas = redis.call('LRANGE', KEYS[3], seen - base, seen - base + most - 1)
return { found[1], found[2], tonumber(count), seen, dropped + start + 1, events, deltas }
