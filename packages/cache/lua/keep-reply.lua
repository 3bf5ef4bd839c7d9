-- Keeps a reply.
-- KEYS, ARGV and replies: as put-reply.lua takes and returns them

return putReply(KEYS, ARGV)
