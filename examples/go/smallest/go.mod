module smallest

go 1.25

require (
	github.com/aws/aws-cdk-go/awscdk/v2 v2.224.0
	// What this repository builds; `go get` the latest release instead.
	github.com/cdk-webhook-scheduler/cdk-webhook-scheduler-go/cdkwebhookscheduler v0.0.0
)
