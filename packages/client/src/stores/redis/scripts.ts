// Each script uses the keys of one slot, and only those that it is given, so that it also runs in a
// cluster. Times are in microseconds by the clock of Redis.

/** KEYS: record. */
export const readScript = `
local record = redis.call('HMGET', KEYS[1], 'generation', 'sealed', 'writtenAt')
if not record[1] then return {} end
local now = redis.call('TIME')
local age = (now[1] * 1000000 + now[2]) - tonumber(record[3] or 0)
return { record[1], record[2] or '', string.format('%.0f', age) }`

/** Sets when a grant is due: ARGV[i] is microseconds from now, "never", or empty: not known. */
const setDue = `
local function setDue(due, id, record, generation, wait, now)
  local at = '0'
  if wait == 'never' then at = '+inf'
  elseif wait ~= '' then at = string.format('%.0f', now + tonumber(wait)) end
  redis.call('ZADD', due, at, id)
  redis.call('HSET', record, 'dueGeneration', generation)
end`

/** KEYS: record, index, due. ARGV: expected generation, new one, text, ID, kind, due time. */
export const writeScript: string = `${setDue}
local generation = redis.call('HGET', KEYS[1], 'generation') or '0'
if generation ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
redis.call('HSET', KEYS[1], 'generation', ARGV[2], 'sealed', ARGV[3],
  'writtenAt', string.format('%.0f', now))
redis.call('SADD', KEYS[2], ARGV[4])
if ARGV[5] == 'grant' then setDue(KEYS[3], ARGV[4], KEYS[1], ARGV[2], ARGV[6], now) end
return 1`

/** KEYS: record, index, due. ARGV: expected generation, ID. */
export const removeScript = `
local generation = redis.call('HGET', KEYS[1], 'generation') or '0'
if generation ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SREM', KEYS[2], ARGV[2])
redis.call('ZREM', KEYS[3], ARGV[2])
return 1`

/**
 * Moves a record only if its field ARGV[2] is still ARGV[3]: another process may have written since.
 * KEYS: record, index, due, new name.
 */
export const setAsideScript = `
if redis.call('HGET', KEYS[1], ARGV[2]) ~= ARGV[3] then return 0 end
redis.call('RENAME', KEYS[1], KEYS[4])
redis.call('SREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
return 1`

/** KEYS: index. */
export const listScript = `return redis.call('SSCAN', KEYS[1], ARGV[1], 'COUNT', 500)`

/** KEYS: index. */
export const sizeScript = `return redis.call('SCARD', KEYS[1])`

/** KEYS: record, due. ARGV: generation, ID, due time. */
export const setDueScript: string = `${setDue}
if redis.call('HGET', KEYS[1], 'generation') ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
setDue(KEYS[2], ARGV[2], KEYS[1], ARGV[1], ARGV[3], time[1] * 1000000 + time[2])
return 1`

/**
 * What a shard knows about its due grants. KEYS: due, index. Returns how many are due, in how many
 * microseconds the next one is due, how late the most overdue one is, and how many members the index
 * and the due times have.
 */
export const dueScript = `
local members = tostring(redis.call('SCARD', KEYS[2]))
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if not first[1] then return { '0', '', '0', members, '0' } end
local times = tostring(redis.call('ZCARD', KEYS[1]))
if first[2] == 'inf' then return { '0', '', '0', members, times } end
local time = redis.call('TIME')
local number = time[1] * 1000000 + time[2]
local now = string.format('%.0f', number)
local wait = tonumber(first[2]) - number
if wait > 0 then return { '0', string.format('%.0f', wait), '0', members, times } end
local next = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '(+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local known = redis.call('ZRANGEBYSCORE', KEYS[1], '(0', now, 'WITHSCORES', 'LIMIT', 0, 1)
return {
  tostring(redis.call('ZCOUNT', KEYS[1], '-inf', now)),
  next[2] and string.format('%.0f', tonumber(next[2]) - number) or '',
  known[2] and string.format('%.0f', number - tonumber(known[2])) or '0',
  members,
  times }`

/**
 * Takes grants that are due. KEYS: due. ARGV: how many, until when in microseconds from now. Returns
 * their IDs, each followed by how late it is.
 */
export const claimScript = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now),
  'WITHSCORES', 'LIMIT', 0, ARGV[1])
local again = string.format('%.0f', now + tonumber(ARGV[2]))
for i = 1, #found, 2 do
  local at = tonumber(found[i + 1])
  redis.call('ZADD', KEYS[1], again, found[i])
  found[i + 1] = at == 0 and '0' or string.format('%.0f', now - at)
end
return found`

/** Reads many records of a shard. KEYS: records. Returns the reply of a read for each. */
export const readManyScript = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local reply = {}
for i, key in ipairs(KEYS) do
  local record = redis.call('HMGET', key, 'generation', 'sealed', 'writtenAt')
  reply[i * 3 - 2] = record[1] or ''
  reply[i * 3 - 1] = record[2] or ''
  reply[i * 3] = string.format('%.0f', now - tonumber(record[3] or 0))
end
return reply`

/**
 * Makes the due times match the index, if a process of an older version has added or removed records.
 * KEYS: index, due. ARGV: the largest number of changes. Returns how many grants became due.
 */
export const reconcileScript = `
local missing = redis.call('ZDIFF', 2, KEYS[1], KEYS[2])
local limit = tonumber(ARGV[1])
for i = 1, math.min(#missing, limit) do redis.call('ZADD', KEYS[2], '0', missing[i]) end
local removed = redis.call('ZDIFF', 2, KEYS[2], KEYS[1])
for i = 1, math.min(#removed, limit) do redis.call('ZREM', KEYS[2], removed[i]) end
return math.min(#missing, limit)`

/** KEYS: due. ARGV: cursor. */
export const dueListScript = `return redis.call('ZSCAN', KEYS[1], ARGV[1], 'COUNT', 500)`

/**
 * Makes records due at once whose time belongs to another generation. KEYS: due, records. ARGV: their
 * IDs. Returns how many.
 */
export const outdatedScript = `
local count = 0
for i, id in ipairs(ARGV) do
  local record = redis.call('HMGET', KEYS[i + 1], 'generation', 'dueGeneration')
  if record[1] and record[1] ~= record[2] then
    redis.call('ZADD', KEYS[1], '0', id)
    redis.call('HSET', KEYS[i + 1], 'dueGeneration', record[1])
    count = count + 1
  end
end
return count`

/**
 * The records of a shard that are not encrypted with the newest key. KEYS: records. ARGV: the text
 * that names the newest key. Returns for each: the text, or empty if it has the newest key.
 */
export const otherKeyScript = `
local reply = {}
for i, key in ipairs(KEYS) do
  local sealed = redis.call('HGET', key, 'sealed')
  reply[i] = sealed and not string.find(sealed, ARGV[1], 1, true) and sealed or ''
end
return reply`

/** Replaces texts that are still as they were read. KEYS: records. ARGV: old text, new text, … */
export const replaceTextScript = `
local count = 0
for i, key in ipairs(KEYS) do
  if redis.call('HGET', key, 'sealed') == ARGV[i * 2 - 1] then
    redis.call('HSET', key, 'sealed', ARGV[i * 2])
    count = count + 1
  end
end
return count`
