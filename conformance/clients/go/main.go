// Command weir-go-client does to an image API what controllers do, with the typed client, watches and informers of
// github.com/openshift/client-go. It is told what to do by name, and says that it is done.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	imagev1 "github.com/openshift/api/image/v1"
	imageclient "github.com/openshift/client-go/image/clientset/versioned"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
)

// namespace of all that is made here.
const namespace = "go-client"

// deadline of one deed.
const deadline = time.Minute

// deed is something that the program can be told to do.
type deed func(ctx context.Context, client imageclient.Interface) error

var deeds = map[string]deed{
	"typed":    typed,
	"conflict": conflict,
	"watch":    watchInOrder,
	"informer": informer,
	"pages":    pages,
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return errors.New("say what to do")
	}
	name := os.Args[1]
	do, known := deeds[name]
	if !known {
		return fmt.Errorf("%s is nothing that can be done", name)
	}
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	client, err := imageclient.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if err := do(ctx, client); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Printf("%s: done\n", name)
	return nil
}

// mapping is what a registry posts when an image was pushed.
func mapping(stream, tag, digest string) *imagev1.ImageStreamMapping {
	reference := fmt.Sprintf("registry.example/%s/%s@%s", namespace, stream, digest)
	return &imagev1.ImageStreamMapping{
		ObjectMeta: metav1.ObjectMeta{Name: stream, Namespace: namespace},
		Tag:        tag,
		Image: imagev1.Image{
			ObjectMeta:           metav1.ObjectMeta{Name: digest},
			DockerImageReference: reference,
		},
	}
}

// stream makes a fresh image stream, and its namespace by doing so.
func stream(ctx context.Context, client imageclient.Interface, name string, labels map[string]string) (*imagev1.ImageStream, error) {
	streams := client.ImageV1().ImageStreams(namespace)
	object := &imagev1.ImageStream{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	return streams.Create(ctx, object, metav1.CreateOptions{})
}

// typed creates, reads, changes and deletes with the typed client.
func typed(ctx context.Context, client imageclient.Interface) error {
	made, err := stream(ctx, client, "typed", nil)
	if err != nil {
		return err
	}
	if made.UID == "" || made.ResourceVersion == "" || made.CreationTimestamp.IsZero() {
		return fmt.Errorf("the answer to a create lacks what a server sets: %+v", made.ObjectMeta)
	}
	const digest = "sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
	mappings := client.ImageV1().ImageStreamMappings(namespace)
	if _, err := mappings.Create(ctx, mapping("typed", "v1", digest), metav1.CreateOptions{}); err != nil {
		return err
	}
	tag, err := client.ImageV1().ImageStreamTags(namespace).Get(ctx, "typed:v1", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if tag.Image.Name != digest {
		return fmt.Errorf("typed:v1 means %s", tag.Image.Name)
	}
	image, err := client.ImageV1().ImageStreamImages(namespace).Get(ctx, "typed@4f53cda", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if image.Image.Name != digest {
		return fmt.Errorf("typed@4f53cda means %s", image.Image.Name)
	}
	streams := client.ImageV1().ImageStreams(namespace)
	uid := made.UID
	options := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}
	if err := streams.Delete(ctx, "typed", options); err != nil {
		return err
	}
	if _, err := streams.Get(ctx, "typed", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("a deleted stream answers %w", err)
	}
	return nil
}

// pages reads a list in pieces.
func pages(ctx context.Context, client imageclient.Interface) error {
	labels := map[string]string{"pages": "yes"}
	for number := range 7 {
		if _, err := stream(ctx, client, fmt.Sprintf("page-%d", number), labels); err != nil {
			return err
		}
	}
	options := metav1.ListOptions{Limit: 3, LabelSelector: "pages=yes"}
	var names []string
	for {
		list, err := client.ImageV1().ImageStreams(namespace).List(ctx, options)
		if err != nil {
			return err
		}
		if len(list.Items) > 3 {
			return fmt.Errorf("a page has %d items", len(list.Items))
		}
		for _, item := range list.Items {
			names = append(names, item.Name)
		}
		if options.Continue = list.Continue; options.Continue == "" {
			break
		}
	}
	if fmt.Sprint(names) != "[page-0 page-1 page-2 page-3 page-4 page-5 page-6]" {
		return fmt.Errorf("the pages hold %v", names)
	}
	return nil
}
