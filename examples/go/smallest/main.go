// The smallest complete app: one scheduler, and its topic as an output.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdk-webhook-scheduler/cdk-webhook-scheduler-go/cdkwebhookscheduler"
)

func main() {
	defer jsii.Close()

	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("WebhookSchedulerExample"), nil)
	scheduler := cdkwebhookscheduler.NewWebhookScheduler(stack, jsii.String("Scheduler"), nil)

	awscdk.NewCfnOutput(stack, jsii.String("InputTopicArn"), &awscdk.CfnOutputProps{
		Value: scheduler.InputTopic().TopicArn(),
	})

	app.Synth(nil)
}
