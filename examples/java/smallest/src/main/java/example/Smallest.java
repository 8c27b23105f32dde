// The smallest complete app: one scheduler, and its topic as an output.
package example;

import io.github.cdkwebhookscheduler.WebhookScheduler;
import software.amazon.awscdk.App;
import software.amazon.awscdk.CfnOutput;
import software.amazon.awscdk.Stack;

public class Smallest {
    public static void main(String[] args) {
        App app = new App();
        Stack stack = new Stack(app, "WebhookSchedulerExample");
        WebhookScheduler scheduler = new WebhookScheduler(stack, "Scheduler");

        CfnOutput.Builder.create(stack, "InputTopicArn").value(scheduler.getInputTopic().getTopicArn()).build();

        app.synth();
    }
}
