package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A topic that holds records until later, in two runs of this program: one sends them, and one, after the broker was
// restarted, reads what comes back. Each record is due at a time of its own; they are sent in another order than they are due.
const (
	deliverAt = "corvid-deliver-at"
	// scatter has no factor in common with the number of records: neighbours are due far from each other.
	scatter = 7_919
)

// sendHeld makes the topic and sends the records: due from `ahead` seconds from now on, `rate` a second.
func (t *trial) sendHeld(ctx context.Context) (*answer, error) {
	client, err := t.client(kgo.DefaultProduceTopic(t.topic), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	made, err := kadm.NewClient(client).CreateTopic(ctx, int32(t.partitions), 1, t.configs, t.topic)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w %s", t.topic, err, made.ErrMessage)
	}
	time.Sleep(settling)
	a := &answer{Bytes: int64(t.records) * int64(t.size)}
	first := time.Now().Add(time.Duration(t.ahead) * time.Second).UnixMilli()
	values := payloads(t.size)
	a.ProduceSeconds, a.ProduceCPU, err = t.timed(func() error {
		var once sync.Once
		var failed error
		for at := range t.records {
			nth := int64(at) * scatter % int64(t.records)
			due := first + nth*1000/int64(t.rate)
			header := kgo.RecordHeader{Key: deliverAt, Value: strconv.AppendInt(nil, due, 10)}
			record := &kgo.Record{Value: values[at%distinct], Headers: []kgo.RecordHeader{header}}
			client.Produce(ctx, record, func(_ *kgo.Record, err error) {
				if err != nil {
					once.Do(func() { failed = err })
				}
			})
		}
		return errors.Join(client.Flush(ctx), failed)
	})
	if time.Now().UnixMilli() >= first {
		fmt.Fprintln(os.Stderr, "the first records were due before the last was sent: what was held was never all of them")
	}
	return a, err
}

// readHeld reads until every record has come, once: latencies are from the time it was due to the time of its release.
func (t *trial) readHeld(ctx context.Context) (*answer, error) {
	client, err := t.client(kgo.ConsumeTopics(t.topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	a := &answer{ConsumeBytes: int64(t.records) * int64(t.size)}
	late := make([]float64, 0, t.records)
	var begin, end int64
	a.ConsumeSeconds, a.ConsumeCPU, err = t.timed(func() error {
		for len(late) < t.records {
			fetches := client.PollFetches(ctx)
			if err := fetches.Err(); err != nil {
				return err
			}
			for records := fetches.RecordIter(); !records.Done(); {
				record := records.Next()
				due, err := dueOf(record)
				if err != nil {
					return err
				}
				released := record.Timestamp.UnixMilli()
				if released < due {
					return fmt.Errorf("a record came %d ms early", due-released)
				}
				if len(late) == 0 {
					begin = released
				}
				end = max(end, released)
				late = append(late, float64(released-due))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(late) != t.records {
		return nil, fmt.Errorf("%d records came, %d were sent", len(late), t.records)
	}
	slices.Sort(late)
	a.P50, a.P999 = late[len(late)/2], late[len(late)*999/1000]
	a.ReleaseRate = float64(t.records) * 1000 / float64(max(end-begin, 1))
	return a, nil
}

func dueOf(record *kgo.Record) (int64, error) {
	for _, header := range record.Headers {
		if header.Key == deliverAt {
			return strconv.ParseInt(string(header.Value), 10, 64)
		}
	}
	return 0, errors.New("a record without its header")
}
