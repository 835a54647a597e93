using System.Text.Json;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Samples;

/// <summary>The programs in the folder <c>samples</c>, as they are, against a server.</summary>
public sealed class SampleTests(RunningSamples samples) : IClassFixture<RunningSamples>
{
    [Theory, InlineData("csharp"), InlineData("curl"), InlineData("javascript")]
    public async Task A_published_event_arrives_at_both_receivers_verified(string publisher)
    {
        var printed = await samples.PublishAsync(publisher);
        var message = publisher == "curl" ? JsonDocument.Parse(printed).RootElement.GetProperty("id").GetString()! : printed.Trim();

        foreach (var receiver in samples.Receivers)
            await Eventually.IsTrueAsync(
                $"{receiver.Name} prints the order of {message}", () => receiver.Output.Contains($"{message} order 42: 19.9", StringComparison.Ordinal), TimeSpan.FromSeconds(20));
        await Eventually.IsTrueAsync("both answered 204", async () =>
            (await samples.Server.Client.GetJsonAsync($"/api/v1/app/default/attempt/msg/{message}"))["data"].EnumerateArray()
                .Count(attempt => attempt.GetProperty("responseStatusCode").GetInt32() == 204) == 2);
    }

    [Fact]
    public async Task Both_receivers_refuse_what_is_not_signed()
    {
        using var client = new HttpClient();
        foreach (var receiver in samples.Receivers)
        {
            using var content = new StringContent("""{"orderId":666,"total":1,"currency":"EUR"}""");
            using var answer = await client.PostAsync(receiver.Url, content);
            ((int)answer.StatusCode).ShouldBeOneOf(400, 401);
            receiver.Output.ShouldNotContain("666");
        }
    }

    [Fact]
    public void What_the_samples_ask_npm_for_is_what_they_are_tested_with()
    {
        var tested = Dependencies("test/node");
        Dependencies("samples/receiver-node").ShouldBe(new() { ["standardwebhooks"] = tested["standardwebhooks"] });
        Dependencies("samples/publisher-javascript").ShouldBe(new() { ["svix"] = tested["svix2"].Replace("npm:svix@", "", StringComparison.Ordinal) });
    }

    private static Dictionary<string, string> Dependencies(string folder) => JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, folder, "package.json")))
        .RootElement.GetProperty("dependencies").EnumerateObject().ToDictionary(package => package.Name, package => package.Value.GetString()!);
}
