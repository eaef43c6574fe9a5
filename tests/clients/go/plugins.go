package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Topics on which plugins work: the harness has prepared them.
var pluginScenarios = map[string]scenario{
	"gaps":      gaps,
	"all-moved": allMoved,
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
func readAndIdle(ctx context.Context, w *world, partitions []int32, records int) (string, error) {
	if w.topic == "" {
		return "", errors.New("--topic is needed")
	}
	from := map[int32]kgo.Offset{}
	for _, partition := range partitions {
		from[partition] = kgo.NewOffset().AtStart()
	}
	fetches := &fetchCounter{}
	consumer, err := w.client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{w.topic: from}), kgo.WithHooks(fetches))
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
