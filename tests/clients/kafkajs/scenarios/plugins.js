// Topics on which plugins work: the harness has prepared them.
'use strict'

const { check, sleep } = require('../client')

const FETCHES_PER_SECOND = 5
const IDLE_SECONDS = 5

const order = n => JSON.stringify({ order: n })

/** Reads partitions to their ends, and then counts the fetches of an idle consumer. */
async function readAndIdle(world, partitions) {
  const { topic, records } = world.options
  check(topic, '--topic is needed')
  const ends = (await (await world.admin()).fetchTopicOffsets(topic)).filter(end => partitions?.includes(end.partition) ?? true)
  const consumer = await world.consumer({ groupId: world.name('gaps') })
  const seen = new Map()
  let count = 0, fetches = 0
  consumer.on(consumer.events.FETCH, () => { fetches++ })
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      if (!ends.some(end => end.partition === partition)) return
      const offset = BigInt(message.offset)
      check(offset > (seen.get(partition) ?? -1n), `offset ${offset} behind ${seen.get(partition)}`)
      seen.set(partition, offset)
      count++
    },
  })
  // kafkajs does not tell a position in a gap, so its end is where nothing more comes and its fetches have become rare.
  let rate = Infinity, before
  await world.until(async () => {
    before = count
    fetches = 0
    await sleep(1000)
    rate = fetches
    return count === before && rate <= FETCHES_PER_SECOND && (records === undefined || count >= records)
  }, () => `${count} records of ${records ?? 'some'} and ${rate} fetches a second`)
  check(records === undefined || count === records, `${count} records of ${records}`)
  fetches = 0
  await sleep(IDLE_SECONDS * 1000)
  check(count === before, 'records arrived after the end')
  check(fetches <= FETCHES_PER_SECOND * IDLE_SECONDS, `${fetches} fetches in ${IDLE_SECONDS} s of idling`)
  return `${count} records, ${fetches} fetches in ${IDLE_SECONDS} s`
}

async function allMoved(world) {
  world.options.records = 0
  return readAndIdle(world, [world.options.partition ?? 0])
}

async function viewMasked(world) {
  const { topic } = world.options
  check(topic, '--topic is needed')
  const producer = await world.producer()
  const messages = Array.from({ length: 100 }, (_, n) => ({ key: `${world.run}-${n}`, value: JSON.stringify({ n, card: `4111-${n}` }) }))
  await producer.send({ topic, messages })
  const ours = message => message.key?.toString().startsWith(world.run)
  const seen = []
  for (const clientId of ['corvid-kafkajs', 'corvid-kafkajs-masked']) {
    world.callItself(clientId)
    const all = await world.readAll(topic, read => read.filter(ours).length >= 100, { groupId: world.name(clientId) })
    seen.push(all.filter(ours).map(({ offset, value }) => ({ offset, ...JSON.parse(value) })))
  }
  const [plain, masked] = seen
  check(plain.length === 100 && masked.length === 100, `${plain.length} and ${masked.length} records`)
  check(plain.every(({ n, card }) => card === `4111-${n}`), 'the card numbers are not there for all')
  check(masked.every(({ card }) => card === '***'), `masked is ${masked[0].card}`)
  check(plain.every(({ n, offset }, at) => masked[at].n === n && masked[at].offset === offset), 'the offsets differ')
}

async function viewHiddenStretch(world) {
  const { topic } = world.options
  world.callItself('corvid-kafkajs-masked')
  const idled = await readAndIdle(world, [0])
  // From within the stretch.
  const groupId = world.name('within')
  const consumer = await world.consumer({ groupId })
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const offsets = []
  await consumer.run({ eachMessage: async ({ message }) => { offsets.push(Number(message.offset)) } })
  consumer.seek({ topic, partition: 0, offset: '50000' })
  await world.until(() => offsets.some(offset => offset > 50000), () => `offsets ${offsets}`)
  const next = String(Math.max(...offsets) + 1)
  await consumer.commitOffsets([{ topic, partition: 0, offset: next }])
  await consumer.stop()
  const [{ partitions: [committed] }] = await (await world.admin()).fetchOffsets({ groupId, topics: [topic] })
  check(committed.offset === next, `${committed.offset} was committed, not ${next}`)
  return idled
}

async function routed(world) {
  const { topic } = world.options
  const producer = await world.producer()
  const before = await existing(world, topic)
  const letters = Array.from({ length: 26 }, (_, n) => String.fromCharCode(65 + n))
  const sent = Array.from({ length: 1000 }, (_, n) => ({ key: `${letters[n % 26]}${world.run}`, value: order(n) }))
  for (let at = 0; at < sent.length; at += 50) await producer.send({ topic, messages: sent.slice(at, at + 50) })
  const ours = message => message.key?.toString().endsWith(world.run)
  const all = await world.readAll(topic, messages => messages.filter(ours).length >= sent.length)
  const read = all.filter(ours)
  check(read.length === sent.length, `${read.length} of ${sent.length} (${before} were there)`)
  for (const letter of letters) {
    const of = message => String(message.key).startsWith(letter)
    const partition = letter <= 'M' ? 0 : 1
    check(read.filter(of).every(message => message.partition === partition), `keys of ${letter} are not all in partition ${partition}`)
    const [values, expected] = [read, sent].map(messages => messages.filter(of).map(message => String(message.value)).join())
    check(values === expected, `of ${letter} were sent ${expected}, and read ${values}`)
  }
}

async function existing(world, topic) {
  check(topic, '--topic is needed')
  const offsets = await (await world.admin()).fetchTopicOffsets(topic)
  return offsets.reduce((sum, { high }) => sum + Number(high), 0)
}

async function deadLetters(world) {
  const { topic } = world.options
  check(topic, '--topic is needed')
  const producer = await world.producer()
  const sent = Array.from({ length: 100 }, (_, n) => ({ key: `${world.run}-${n}`, value: n % 10 === 0 ? 'refuse me' : order(n) }))
  await producer.send({ topic, messages: sent })
  const ours = message => message.key?.toString().startsWith(world.run)
  const good = (await world.readAll(topic, messages => messages.filter(ours).length >= 90)).filter(ours)
  const dead = (await world.readAll(`${topic}.DLT`, messages => messages.filter(ours).length >= 10)).filter(ours)
  check(good.length === 90 && good.every(message => String(message.value) !== 'refuse me'), `${good.length} good ones`)
  check(dead.length === 10 && dead.every(message => String(message.value) === 'refuse me'), `${dead.length} dead letters`)
  for (const { headers } of dead) {
    check(String(headers['corvid-dlt-topic']) === topic, `corvid-dlt-topic is ${headers['corvid-dlt-topic']}`)
    check(headers['corvid-dlt-plugin'] && headers['corvid-dlt-reason'], `headers are ${Object.keys(headers)}`)
  }
  return `refused because: ${dead[0].headers['corvid-dlt-reason']}`
}

async function steady(world) {
  const { topic, seconds = 10 } = world.options
  check(topic, '--topic is needed')
  const producer = await world.producer({ idempotent: true, maxInFlightRequests: 1 })
  const until = Date.now() + seconds * 1000
  let sent = 0
  while (Date.now() < until) {
    const messages = Array.from({ length: 20 }, () => ({ key: `${world.run}-${sent}`, value: order(sent++) }))
    await producer.send({ topic, acks: -1, messages })
  }
  const seen = new Map()
  const deadLetters = `${topic}.DLT`
  const topics = (await (await world.admin()).listTopics()).filter(name => name === topic || name === deadLetters)
  const consumer = await world.consumer({ groupId: world.name('steady') })
  await consumer.subscribe({ topics, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      const key = String(message.key)
      if (key.startsWith(world.run)) seen.set(key, (seen.get(key) ?? 0) + 1)
    },
  })
  await world.until(() => seen.size >= sent, () => `${seen.size} of ${sent} records`)
  await sleep(500)
  const twice = [...seen].filter(([, count]) => count > 1)
  check(twice.length === 0, `${twice.length} records are there more than once, such as ${twice[0]?.[0]}`)
  check(world.complaints.length === 0, `a request has failed: ${world.complaints[0]}`)
  return `${sent} records, no failed request`
}

module.exports = {
  gaps: world => readAndIdle(world),
  'all-moved': allMoved,
  'view-masked': viewMasked,
  'view-hidden-stretch': viewHiddenStretch,
  routed,
  'dead-letters': deadLetters,
  steady,
}
