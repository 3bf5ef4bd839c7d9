-- Reads a part of a job's timeline.
-- KEYS: 1 job, 2 timeline
-- ARGV: 1 number of the last event already seen (0 is the one of the accept, which is not stored), 2 most events
-- Replies: {request (JSON), number of the first event, events (JSON)…} | nil when the job is gone

local found = redis.call('HMGET', KEYS[1], 'request', 'droppedEvents')
if not found[1] then
  return nil
end
-- Events are numbered from 1; the first one that is still stored has the number dropped + 1.
local dropped = tonumber(found[2] or 0)
local start = math.max(0, tonumber(ARGV[1]) - dropped)
local events = redis.call('LRANGE', KEYS[2], start, start + tonumber(ARGV[2]) - 1)
return { found[1], dropped + start + 1, unpack(events) }
