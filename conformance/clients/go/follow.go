package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	imagev1 "github.com/openshift/api/image/v1"
	imageclient "github.com/openshift/client-go/image/clientset/versioned"
	"github.com/openshift/client-go/image/informers/externalversions"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/retry"
)

// turn is the annotation that says which change it is.
const turn = "conformance.example/turn"

// conflict makes a stale update, which must conflict, and then retries as controllers do.
func conflict(ctx context.Context, client imageclient.Interface) error {
	streams := client.ImageV1().ImageStreams(namespace)
	stale, err := stream(ctx, client, "conflict", nil)
	if err != nil {
		return err
	}
	fresh := stale.DeepCopy()
	metav1.SetMetaDataAnnotation(&fresh.ObjectMeta, turn, "1")
	if _, err := streams.Update(ctx, fresh, metav1.UpdateOptions{}); err != nil {
		return err
	}
	metav1.SetMetaDataAnnotation(&stale.ObjectMeta, turn, "2")
	if _, err := streams.Update(ctx, stale, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		return fmt.Errorf("a stale update answers %w", err)
	}
	return contend(ctx, client)
}

// contend has several writers count up one annotation; none may lose what another has counted.
func contend(ctx context.Context, client imageclient.Interface) error {
	const writers, each = 4, 5
	streams := client.ImageV1().ImageStreams(namespace)
	count := func() error {
		object, err := streams.Get(ctx, "conflict", metav1.GetOptions{})
		if err != nil {
			return err
		}
		before, err := strconv.Atoi(object.Annotations[turn])
		if err != nil {
			return err
		}
		metav1.SetMetaDataAnnotation(&object.ObjectMeta, turn, strconv.Itoa(before+1))
		_, err = streams.Update(ctx, object, metav1.UpdateOptions{})
		return err
	}
	patient := retry.DefaultRetry
	patient.Steps, patient.Jitter = 200, 1
	done := make(chan error, writers)
	for range writers {
		go func() {
			var failed error
			for range each {
				failed = errors.Join(failed, retry.RetryOnConflict(patient, count))
			}
			done <- failed
		}()
	}
	for range writers {
		if err := <-done; err != nil {
			return err
		}
	}
	object, err := streams.Get(ctx, "conflict", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if want := strconv.Itoa(1 + writers*each); object.Annotations[turn] != want {
		return fmt.Errorf("%s counted, not %s", object.Annotations[turn], want)
	}
	return nil
}

// change sets the annotation of an object.
func change(ctx context.Context, client imageclient.Interface, name string, to int) error {
	streams := client.ImageV1().ImageStreams(namespace)
	object, err := streams.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	metav1.SetMetaDataAnnotation(&object.ObjectMeta, turn, strconv.Itoa(to))
	_, err = streams.Update(ctx, object, metav1.UpdateOptions{})
	return err
}

// watchInOrder follows a stream from the revision of a list, and must see each change once, in order.
func watchInOrder(ctx context.Context, client imageclient.Interface) error {
	const changes = 20
	if _, err := stream(ctx, client, "watched", nil); err != nil {
		return err
	}
	streams := client.ImageV1().ImageStreams(namespace)
	only := metav1.ListOptions{FieldSelector: "metadata.name=watched"}
	list, err := streams.List(ctx, only)
	if err != nil {
		return err
	}
	only.ResourceVersion = list.ResourceVersion
	// What is changed before the watch begins is seen, too.
	if err := change(ctx, client, "watched", 0); err != nil {
		return err
	}
	events, err := streams.Watch(ctx, only)
	if err != nil {
		return err
	}
	defer events.Stop()
	for number := 1; number < changes; number++ {
		if err := change(ctx, client, "watched", number); err != nil {
			return err
		}
	}
	if err := streams.Delete(ctx, "watched", metav1.DeleteOptions{}); err != nil {
		return err
	}
	for number := range changes {
		if err := expect(ctx, events, watch.Modified, strconv.Itoa(number)); err != nil {
			return err
		}
	}
	return expect(ctx, events, watch.Deleted, strconv.Itoa(changes-1))
}

func expect(ctx context.Context, events watch.Interface, kind watch.EventType, annotation string) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("no %s of turn %s comes", kind, annotation)
	case event, open := <-events.ResultChan():
		object, ok := event.Object.(*imagev1.ImageStream)
		if !open || !ok || event.Type != kind || object.Annotations[turn] != annotation {
			return fmt.Errorf("%+v came, not %s of turn %s", event, kind, annotation)
		}
		return nil
	}
}

// informer has a shared informer list and follow streams: what its cache holds must be what the server has.
func informer(ctx context.Context, client imageclient.Interface) error {
	const count = 10
	mine := map[string]string{"informer": "yes"}
	if _, err := stream(ctx, client, "informed-0", mine); err != nil {
		return err
	}
	only := func(options *metav1.ListOptions) { options.LabelSelector = "informer=yes" }
	factory := externalversions.NewSharedInformerFactoryWithOptions(client, 0,
		externalversions.WithNamespace(namespace), externalversions.WithTweakListOptions(only))
	streams := factory.Image().V1().ImageStreams()
	deleted := make(chan string, count)
	handler := cache.ResourceEventHandlerFuncs{DeleteFunc: func(object any) {
		if gone, ok := object.(*imagev1.ImageStream); ok {
			deleted <- gone.Name
		}
	}}
	if _, err := streams.Informer().AddEventHandler(handler); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), streams.Informer().HasSynced) {
		return errors.New("the cache does not fill")
	}
	for number := 1; number < count; number++ {
		if _, err := stream(ctx, client, fmt.Sprintf("informed-%d", number), mine); err != nil {
			return err
		}
	}
	if err := change(ctx, client, "informed-3", 3); err != nil {
		return err
	}
	if err := client.ImageV1().ImageStreams(namespace).Delete(ctx, "informed-0", metav1.DeleteOptions{}); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return errors.New("no deletion was noticed")
	case name := <-deleted:
		if name != "informed-0" {
			return fmt.Errorf("%s was deleted", name)
		}
	}
	cached, err := streams.Lister().ImageStreams(namespace).List(labels.Everything())
	if err != nil {
		return err
	}
	if len(cached) != count-1 {
		return fmt.Errorf("the cache holds %d streams", len(cached))
	}
	third, err := streams.Lister().ImageStreams(namespace).Get("informed-3")
	if err != nil {
		return err
	}
	if third.Annotations[turn] != "3" {
		return fmt.Errorf("the cache missed a change: %v", third.Annotations)
	}
	return nil
}
