using System.Globalization;
using Grapnel.Sending.Signing;
using Grapnel.Server.Inboxes;

namespace Grapnel.Server.Tests.Inboxes;

public sealed class SignatureStepsTests
{
    private static readonly DateTimeOffset Arrived = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Body = """{"hello":"world"}"""u8.ToArray();
    private readonly EndpointSecret _secret = WebhookSecret.Generate();

    [Theory]
    [InlineData(SignatureType.Hmac256)]
    [InlineData(SignatureType.Ed25519)]
    public void A_right_signature_passes_every_step_and_shows_what_was_signed(SignatureType type)
    {
        var secret = WebhookSecret.Generate(type);

        var steps = SignatureSteps.Explain(Request(Signed(secret)), [secret]);

        steps.Select(step => step.Title).ShouldBe(["Headers", "Timestamp", "Signed content", steps[3].Title, "Verdict"]);
        steps.ShouldAllBe(step => step.Outcome == StepOutcome.Passed);
        steps[2].Detail.ShouldBe($$"""msg_1.{{Arrived.ToUnixTimeSeconds()}}.{"hello":"world"}""");
        steps[3].Expected.ShouldBe(steps[3].Got);
    }

    [Fact]
    public void A_signature_of_another_secret_fails_with_the_ends_of_what_was_expected_and_what_came()
    {
        var steps = SignatureSteps.Explain(Request(Signed(WebhookSecret.Generate())), [_secret]);

        Outcomes(steps).ShouldBe([StepOutcome.Passed, StepOutcome.Passed, StepOutcome.Passed, StepOutcome.Failed, StepOutcome.Failed]);
        steps[3].Expected.ShouldNotBe(steps[3].Got);
        steps[3].Expected!.ShouldMatch("^v1,.{9}….{6}$");
        steps[3].Got!.ShouldMatch("^v1,.{9}….{6}$");
    }

    [Fact]
    public void A_body_that_was_changed_on_the_way_fails()
    {
        var request = Request(Signed(_secret)) with { Body = """{"hello": "world"}"""u8.ToArray(), BodyLength = 18 };
        Outcomes(SignatureSteps.Explain(request, [_secret]))[3..].ShouldBe([StepOutcome.Failed, StepOutcome.Failed]);
    }

    [Fact]
    public void A_signature_of_the_other_scheme_is_told_apart_from_a_wrong_one()
    {
        var steps = SignatureSteps.Explain(Request(Signed(_secret)), [WebhookSecret.Generate(SignatureType.Ed25519)]);
        steps[3].Outcome.ShouldBe(StepOutcome.Failed);
        steps[3].Sentence.ShouldContain("'v1a,'");
    }

    [Theory]
    [InlineData(300, true)]
    [InlineData(301, false)]
    [InlineData(-300, true)]
    [InlineData(-301, false)]
    public void A_timestamp_may_be_five_minutes_off_and_then_a_right_signature_is_of_no_use(int secondsLate, bool fits)
    {
        var outcome = fits ? StepOutcome.Passed : StepOutcome.Failed;
        var request = Request(Signed(_secret), Arrived.AddSeconds(secondsLate));

        var steps = SignatureSteps.Explain(request, [_secret]);

        Outcomes(steps).ShouldBe([StepOutcome.Passed, outcome, StepOutcome.Passed, StepOutcome.Passed, outcome]);
    }

    [Theory]
    [InlineData("webhook-id", null, "webhook-id is missing")]
    [InlineData("webhook-signature", "", "webhook-signature is missing")]
    [InlineData("webhook-timestamp", null, "webhook-timestamp is missing")]
    public void A_header_that_is_missing_is_named_and_what_needs_it_is_passed_over(string name, string? value, string fault)
    {
        var headers = Signed(_secret);
        headers[name] = value;

        var steps = SignatureSteps.Explain(Request(headers), [_secret]);

        steps[0].Outcome.ShouldBe(StepOutcome.Failed);
        steps[0].Sentence.ShouldContain(fault);
        Outcomes(steps)[2..].ShouldBe([StepOutcome.Skipped, StepOutcome.Skipped, StepOutcome.Failed]);
    }

    [Fact]
    public void A_header_that_came_twice_fails()
    {
        var request = Request(Signed(_secret));
        var steps = SignatureSteps.Explain(request with { Headers = [.. request.Headers, "WEBHOOK-ID", "another"] }, [_secret]);
        (steps[0].Outcome, steps[0].Sentence).ShouldBe((StepOutcome.Failed, "webhook-id came 2 times."));
    }

    [Theory]
    [InlineData("yesterday")]
    [InlineData("-5")]
    [InlineData("9223372036854775807")]
    [InlineData("1e9")]
    public void A_timestamp_that_is_no_time_fails(string timestamp)
    {
        var headers = Signed(_secret);
        headers["webhook-timestamp"] = timestamp;
        Outcomes(SignatureSteps.Explain(Request(headers), [_secret])).ShouldBe(
            [StepOutcome.Passed, StepOutcome.Failed, StepOutcome.Skipped, StepOutcome.Skipped, StepOutcome.Failed]);
    }

    [Fact]
    public void What_cannot_be_checked_is_neither_right_nor_wrong()
    {
        var whole = Request(Signed(_secret));
        var cut = SignatureSteps.Explain(whole with { BodyLength = 9_999 }, [_secret]);
        Outcomes(cut)[2..].ShouldBe([StepOutcome.Skipped, StepOutcome.Skipped, StepOutcome.Skipped]);
        cut[2].Sentence.ShouldContain("Inbox:MaxBodyBytes");
        Outcomes(SignatureSteps.Explain(whole, []))[2..].ShouldBe([StepOutcome.Passed, StepOutcome.Skipped, StepOutcome.Skipped]);
    }

    [Fact]
    public void Nothing_shows_a_secret_or_a_whole_signature_or_more_than_a_little_of_what_a_stranger_sent()
    {
        EndpointSecret[] secrets = [_secret, WebhookSecret.Generate(SignatureType.Ed25519), WebhookSecret.Generate() with { ExpiresAt = Arrived }];
        var right = Signed(_secret);
        var long_ = Signed(_secret);
        long_["webhook-id"] = new string('x', 256);
        long_["webhook-signature"] = string.Join(' ', Enumerable.Repeat("v1," + new string('A', 200), 50));
        var big = Request(long_) with { Body = new byte[200_000], BodyLength = 200_000 };

        foreach (var steps in new[] { SignatureSteps.Explain(Request(right), secrets), SignatureSteps.Explain(Request(right), secrets[1..]), SignatureSteps.Explain(big, secrets) })
        {
            var text = string.Join('\n', steps);
            text.Length.ShouldBeLessThan(3_000);
            text.ShouldNotContain(right["webhook-signature"]!);
            foreach (var secret in secrets)
            {
                text.ShouldNotContain(Convert.ToBase64String(secret.Key));
                text.ShouldNotContain(ReceiverKey.Of(secret).ToText());
            }
        }
    }

    private static StepOutcome[] Outcomes(IReadOnlyList<SignatureStep> steps) => [.. steps.Select(step => step.Outcome)];

    private static Dictionary<string, string?> Signed(EndpointSecret secret) => new()
    {
        ["webhook-id"] = "msg_1",
        ["webhook-timestamp"] = Arrived.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
        ["webhook-signature"] = new StandardWebhooksSigner([secret]).Sign("msg_1", Arrived, Body),
    };

    private static InboxRequest Request(Dictionary<string, string?> headers, DateTimeOffset? arrived = null) => new()
    {
        Id = Id<InboxRequest>.FirstAt(arrived ?? Arrived),
        InboxId = default,
        Method = "POST",
        Target = "/inbox/x",
        Headers = [.. headers.Where(header => header.Value is not null).SelectMany(header => new[] { header.Key, header.Value! })],
        Body = Body,
        BodyLength = Body.Length,
        AnsweredStatus = 200,
    };
}
