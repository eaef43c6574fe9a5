package main

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// latency sends at a fixed rate without linger and measures from when a record was to be sent, not from when it was,
// to when a consumer has it: so a stall counts for every record that it held up.
func (t *trial) latency(ctx context.Context, a *answer) error {
	producer, err := t.client(append(t.producing(), kgo.ProducerLinger(0))...)
	if err != nil {
		return err
	}
	defer producer.Close()
	consumer, err := t.client(kgo.ConsumeTopics(t.topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer consumer.Close()
	if err := t.settle(ctx, producer, consumer); err != nil {
		return err
	}
	var measured []time.Duration
	a.ProduceSeconds, a.ProduceCPU, err = t.timed(func() error {
		sent := make(chan error, 1)
		go func() { sent <- t.send(ctx, producer) }()
		measured, err = t.receive(ctx, consumer)
		return errors.Join(err, <-sent)
	})
	if err != nil {
		return err
	}
	slices.Sort(measured)
	a.P50 = milliseconds(measured[len(measured)/2])
	a.P999 = milliseconds(measured[len(measured)*999/1000])
	return nil
}

// settle has both clients connected, and the consumer waiting at the end.
func (t *trial) settle(ctx context.Context, producer, consumer *kgo.Client) error {
	first := &kgo.Record{Value: []byte("first")}
	if err := producer.ProduceSync(ctx, first).FirstErr(); err != nil {
		return err
	}
	return consumer.PollFetches(ctx).Err()
}

func (t *trial) send(ctx context.Context, producer *kgo.Client) error {
	var failed atomic.Value
	begun, step := time.Now(), time.Second/time.Duration(t.rate)
	filler := payloads(t.size)
	for at := range t.records {
		intended := begun.Add(time.Duration(at) * step)
		time.Sleep(time.Until(intended))
		value := slices.Clone(filler[at%distinct])
		binary.BigEndian.PutUint64(value, uint64(intended.UnixNano()))
		producer.Produce(ctx, &kgo.Record{Value: value}, func(_ *kgo.Record, err error) {
			if err != nil {
				failed.Store(err)
			}
		})
	}
	err, _ := failed.Load().(error)
	return errors.Join(producer.Flush(ctx), err)
}

func (t *trial) receive(ctx context.Context, consumer *kgo.Client) ([]time.Duration, error) {
	measured := make([]time.Duration, 0, t.records)
	for len(measured) < t.records {
		fetches := consumer.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		now := time.Now().UnixNano()
		for records := fetches.RecordIter(); !records.Done(); {
			intended := binary.BigEndian.Uint64(records.Next().Value)
			measured = append(measured, time.Duration(now-int64(intended)))
		}
	}
	return measured, nil
}

func milliseconds(duration time.Duration) float64 {
	return float64(duration.Nanoseconds()) / 1e6
}
