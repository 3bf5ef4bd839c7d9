-- Forgets consumers of the outbox that are long silent and hold nothing. Those that hold entries stay until the entries
-- are claimed: deleting a consumer deletes its claim on them, and with it the entries' only way to be seen again.
-- KEYS: 1 outbox
-- ARGV: 1 consumer group, 2 silence after which a consumer is dead (ms)
-- Replies: how many were forgotten

local dropped = 0
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local info = {}
  for i = 1, #consumer, 2 do
    info[consumer[i]] = consumer[i + 1]
  end
  if info.pending == 0 and info.idle > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], info.name)
    dropped = dropped + 1
  end
end
return dropped
