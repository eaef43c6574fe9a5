package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Topics on which plugins work: the harness has prepared them.
var pluginScenarios = map[string]scenario{
	"gaps":                gaps,
	"all-moved":           allMoved,
	"view-masked":         viewMasked,
	"view-hidden-stretch": viewHiddenStretch,
	"routed":              routed,
	"dead-letters":        deadLetters,
	"steady":              steady,
}

const (
	fetchesPerSecond = 5
	idleSeconds      = 5
	fetchKey         = 1
)

// fetchCounter counts the Fetch requests of a client.
type fetchCounter struct{ count atomic.Int64 }

func (f *fetchCounter) OnBrokerWrite(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, _ error) {
	if key == fetchKey {
		f.count.Add(1)
	}
}

func gaps(ctx context.Context, w *world) (string, error) {
	topics, err := w.admin.ListTopics(ctx, w.topic)
	if err != nil || len(topics[w.topic].Partitions) == 0 {
		return "", fmt.Errorf("--topic is needed: %w", err)
	}
	var partitions []int32
	for _, partition := range topics[w.topic].Partitions.Sorted() {
		partitions = append(partitions, partition.Partition)
	}
	return readAndIdle(ctx, w, partitions, w.records)
}

func allMoved(ctx context.Context, w *world) (string, error) {
	return readAndIdle(ctx, w, []int32{int32(w.partition)}, 0)
}

// readAndIdle reads partitions to their ends, and then counts the fetches of an idle consumer.
func readAndIdle(ctx context.Context, w *world, partitions []int32, records int, opts ...kgo.Opt) (string, error) {
	if w.topic == "" {
		return "", errors.New("--topic is needed")
	}
	from := map[int32]kgo.Offset{}
	for _, partition := range partitions {
		from[partition] = kgo.NewOffset().AtStart()
	}
	fetches := &fetchCounter{}
	opts = append(opts, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{w.topic: from}), kgo.WithHooks(fetches))
	consumer, err := w.client(opts...)
	if err != nil {
		return "", err
	}
	last := map[int32]int64{}
	count, rate := 0, int64(0)
	var misplaced error
	read := func(seconds int) (fetched int64) {
		before := fetches.count.Load()
		for until := time.Now().Add(time.Duration(seconds) * time.Second); time.Now().Before(until); {
			for _, record := range poll(ctx, consumer) {
				if former, seen := last[record.Partition]; seen && record.Offset <= former {
					misplaced = fmt.Errorf("offset %d behind %d", record.Offset, former)
				}
				last[record.Partition] = record.Offset
				count++
			}
		}
		return fetches.count.Load() - before
	}
	// franz-go does not tell a position in a gap, so its end is where nothing more comes and its fetches have become rare.
	err = w.until(func() bool {
		before := count
		rate = read(1)
		return count == before && rate <= fetchesPerSecond && (records < 0 || count >= records)
	}, func() string { return fmt.Sprintf("%d records of %d, and %d fetches a second", count, records, rate) })
	if err := errors.Join(err, misplaced); err != nil {
		return "", err
	}
	if records >= 0 && count != records {
		return "", fmt.Errorf("%d records of %d", count, records)
	}
	before := count
	made := read(idleSeconds)
	if count != before {
		return "", errors.New("records arrived after the end")
	}
	if made > fetchesPerSecond*idleSeconds {
		return "", fmt.Errorf("%d fetches in %d s of idling", made, idleSeconds)
	}
	return fmt.Sprintf("%d records, %d fetches in %d s", count, made, idleSeconds), nil
}

// payment is a record of viewMasked.
type payment struct {
	N    int    `json:"n"`
	Card string `json:"card"`
}

func viewMasked(ctx context.Context, w *world) (string, error) {
	producer, err := w.client()
	if err != nil {
		return "", err
	}
	var sent []*kgo.Record
	for n := range 100 {
		value, _ := json.Marshal(payment{n, fmt.Sprintf("4111-%d", n)})
		sent = append(sent, &kgo.Record{Topic: w.topic, Key: fmt.Appendf(nil, "%s-%d", w.run, n), Value: value})
	}
	if err := w.send(ctx, producer, sent...); err != nil {
		return "", err
	}
	var seen [2][]*kgo.Record
	for at, id := range []string{"corvid-go", "corvid-go-masked"} {
		consumer, err := w.client(kgo.ClientID(id), kgo.ConsumeTopics(w.topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		if err != nil {
			return "", err
		}
		err = w.until(func() bool {
			for _, record := range poll(ctx, consumer) {
				if strings.HasPrefix(string(record.Key), w.run) {
					seen[at] = append(seen[at], record)
				}
			}
			return len(seen[at]) >= len(sent)
		}, func() string { return fmt.Sprintf("%d records have arrived", len(seen[at])) })
		if err != nil {
			return "", err
		}
	}
	for n, plain := range seen[0] {
		var masked payment
		if err := json.Unmarshal(seen[1][n].Value, &masked); err != nil {
			return "", err
		}
		if string(plain.Value) != string(sent[n].Value) || masked != (payment{n, "***"}) || plain.Offset != seen[1][n].Offset {
			return "", fmt.Errorf("%s at %d, and %s at %d", plain.Value, plain.Offset, seen[1][n].Value, seen[1][n].Offset)
		}
	}
	return "", nil
}

func viewHiddenStretch(ctx context.Context, w *world) (string, error) {
	eyes := kgo.ClientID("corvid-go-masked")
	idled, err := readAndIdle(ctx, w, []int32{0}, w.records, eyes)
	if err != nil {
		return "", err
	}
	from := map[string]map[int32]kgo.Offset{w.topic: {0: kgo.NewOffset().At(50_000)}}
	consumer, err := w.client(eyes, kgo.ConsumePartitions(from))
	if err != nil {
		return "", err
	}
	var found []*kgo.Record
	err = w.until(func() bool {
		found = append(found, poll(ctx, consumer)...)
		return len(found) > 0
	}, func() string { return "nothing comes behind the stretch" })
	if err != nil {
		return "", err
	}
	group, next := w.name("within"), found[0].Offset+1
	if next <= 50_001 {
		return "", fmt.Errorf("offset %d", found[0].Offset)
	}
	if err := w.admin.CommitAllOffsets(ctx, group, kadm.OffsetsFromRecords(*found[0])); err != nil {
		return "", err
	}
	committed, err := w.admin.FetchOffsets(ctx, group)
	if offset, _ := committed.Lookup(w.topic, 0); err == nil && offset.At != next {
		err = fmt.Errorf("%d was committed, not %d", offset.At, next)
	}
	return idled, err
}

func routed(ctx context.Context, w *world) (string, error) {
	var sent []*kgo.Record
	for n := range 1000 {
		sent = append(sent, &kgo.Record{Topic: w.topic, Key: fmt.Appendf(nil, "%c%s", 'A'+n%26, w.run), Value: order(n)})
	}
	read, err := w.sendAndReadBack(ctx, sent, w.topic, len(sent))
	if err != nil {
		return "", err
	}
	if len(read) != len(sent) {
		return "", fmt.Errorf("%d of %d", len(read), len(sent))
	}
	for letter := byte('A'); letter <= 'Z'; letter++ {
		of := func(records []*kgo.Record) (values []string) {
			for _, record := range records {
				if record.Key[0] == letter {
					values = append(values, string(record.Value))
				}
			}
			return values
		}
		elsewhere := slices.ContainsFunc(read, func(record *kgo.Record) bool {
			return record.Key[0] == letter && record.Partition != partitionOf(string(letter))
		})
		if elsewhere {
			return "", fmt.Errorf("keys of %c are not all in partition %d", letter, partitionOf(string(letter)))
		}
		if got, expected := of(read), of(sent); !slices.Equal(got, expected) {
			return "", fmt.Errorf("of %c were sent %v, and read %v", letter, expected, got)
		}
	}
	return "", nil
}

// sendAndReadBack sends records, if there are any, and reads those of this run from a topic until there are enough.
func (w *world) sendAndReadBack(ctx context.Context, sent []*kgo.Record, topic string, enough int) ([]*kgo.Record, error) {
	if w.topic == "" {
		return nil, errors.New("--topic is needed")
	}
	producer, err := w.client()
	if err != nil {
		return nil, err
	}
	if err := w.send(ctx, producer, sent...); err != nil {
		return nil, err
	}
	var ours []*kgo.Record
	_, err = w.readAll(ctx, topic, func(read []*kgo.Record) bool {
		ours = slices.DeleteFunc(slices.Clone(read), func(record *kgo.Record) bool { return !strings.Contains(string(record.Key), w.run) })
		return len(ours) >= enough
	})
	return ours, err
}

func order(n int) []byte { return fmt.Appendf(nil, `{"order": %d}`, n) }

func deadLetters(ctx context.Context, w *world) (string, error) {
	var sent []*kgo.Record
	for n := range 100 {
		value := order(n)
		if n%10 == 0 {
			value = []byte("refuse me")
		}
		sent = append(sent, &kgo.Record{Topic: w.topic, Key: fmt.Appendf(nil, "%s-%d", w.run, n), Value: value})
	}
	good, err := w.sendAndReadBack(ctx, sent, w.topic, 90)
	if err != nil {
		return "", err
	}
	dead, err := w.sendAndReadBack(ctx, nil, w.topic+".DLT", 10)
	if err != nil {
		return "", err
	}
	isRefused := func(record *kgo.Record) bool { return string(record.Value) == "refuse me" }
	if len(good) != 90 || slices.ContainsFunc(good, isRefused) {
		return "", fmt.Errorf("%d good ones", len(good))
	}
	if len(dead) != 10 || slices.ContainsFunc(dead, func(record *kgo.Record) bool { return !isRefused(record) }) {
		return "", fmt.Errorf("%d dead letters", len(dead))
	}
	reason := ""
	for _, record := range dead {
		headers := map[string]string{}
		for _, header := range record.Headers {
			headers[header.Key] = string(header.Value)
		}
		reason = headers["corvid-dlt-reason"]
		if headers["corvid-dlt-topic"] != w.topic || headers["corvid-dlt-plugin"] == "" || reason == "" {
			return "", fmt.Errorf("headers are %v", headers)
		}
	}
	return "refused because: " + reason, nil
}

func steady(ctx context.Context, w *world) (string, error) {
	producer, err := w.client()
	if err != nil {
		return "", err
	}
	sent := 0
	for until := time.Now().Add(time.Duration(w.seconds) * time.Second); time.Now().Before(until); {
		var records []*kgo.Record
		for range 20 {
			records = append(records, &kgo.Record{Topic: w.topic, Key: fmt.Appendf(nil, "%s-%d", w.run, sent), Value: order(sent)})
			sent++
		}
		if err := w.send(ctx, producer, records...); err != nil {
			return "", err
		}
		time.Sleep(5 * time.Millisecond)
	}
	topics, err := w.admin.ListTopics(ctx)
	if err != nil {
		return "", err
	}
	read := []string{w.topic}
	if topics.Has(w.topic + ".DLT") {
		read = append(read, w.topic+".DLT")
	}
	consumer, err := w.client(kgo.ConsumeTopics(read...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return "", err
	}
	seen := map[string]int{}
	count := func() {
		for _, record := range poll(ctx, consumer) {
			if strings.HasPrefix(string(record.Key), w.run) {
				seen[string(record.Key)]++
			}
		}
	}
	err = w.until(func() bool { count(); return len(seen) >= sent }, func() string { return fmt.Sprintf("%d of %d records", len(seen), sent) })
	if err != nil {
		return "", err
	}
	time.Sleep(500 * time.Millisecond)
	count()
	for key, times := range seen {
		if times > 1 {
			return "", fmt.Errorf("%s is there %d times", key, times)
		}
	}
	return fmt.Sprintf("%d records, none failed", sent), nil
}
