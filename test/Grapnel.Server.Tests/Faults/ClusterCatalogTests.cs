using System.Net.Http.Headers;
using System.Text;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Faults;

/// <summary>What is changed at one node holds at the others.</summary>
public sealed class ClusterCatalogTests(ClusterCatalogTests.Pair pair, ITestOutputHelper output) : IClassFixture<ClusterCatalogTests.Pair>
{
    /// <summary>What is promised within a second, and what a busy machine adds.</summary>
    private static readonly TimeSpan ASecond = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task An_endpoint_made_disabled_or_deleted_at_one_node_is_so_for_the_very_next_message_published_at_another()
    {
        await using var receiver = await Receiver.StartAsync();
        var cluster = pair.Cluster;
        for (var i = 0; i < 25; i++)
        {
            var (here, there) = (cluster[i % 2], cluster[(i + 1) % 2]);
            var endpoint = await here.CreateEndpointAsync(receiver.Url($"/{i}"));
            var owed = await there.PublishAsync("order.created");
            await here.EditEndpointAsync(endpoint, "\"disabled\":true");
            var disabled = await there.PublishAsync("order.created");
            (await there.WhyAsync(disabled, endpoint)).ShouldBe("notOwed/endpointDisabled");
            await here.EditEndpointAsync(endpoint, "\"disabled\":false");
            await there.WaitForAsync(owed, endpoint, "delivered/delivered");
            await here.DeleteEndpointAsync(endpoint);
            await there.PublishAsync("order.created");
            receiver.At($"/{i}").Select(arrival => arrival.Id).ShouldBe([owed]);
        }
    }

    [Fact]
    public async Task A_changed_url_holds_at_the_node_that_owns_the_lane_within_a_second()
    {
        await using var receiver = await Receiver.StartAsync();
        var cluster = pair.Cluster;
        var endpoint = await cluster[0].CreateEndpointAsync(receiver.Url("/old"), "\"throttleRate\":50");
        await cluster[1].PublishManyAsync("order.created", 300);
        await receiver.WaitForAsync(20);
        var owner = await cluster.OwnerAsync(endpoint, cluster[0]);

        await cluster.Nodes.First(node => node != owner).EditEndpointAsync(endpoint, $"\"url\":\"{receiver.Url("/new")}\"");
        var changed = TimeProvider.System.GetTimestamp();
        await cluster[0].WaitUntilNothingIsPendingAsync();

        receiver.At("/new").ShouldNotBeEmpty();
        var last = TimeProvider.System.GetElapsedTime(changed, receiver.At("/old").Max(arrival => arrival.At));
        output.WriteLine($"The last request to the old URL {last.TotalMilliseconds:F0} ms after the change");
        last.ShouldBeLessThan(ASecond);
        receiver.Arrivals.Select(arrival => arrival.Id).ShouldBeUnique();
        await cluster[0].DeleteEndpointAsync(endpoint);
    }

    [Fact]
    public async Task Edits_of_different_fields_at_two_nodes_at_once_do_not_undo_each_other()
    {
        await using var receiver = await Receiver.StartAsync();
        var cluster = pair.Cluster;
        var endpoint = await cluster[0].CreateEndpointAsync(receiver.Url());
        for (var i = 1; i <= 25; i++)
        {
            await Task.WhenAll(
                cluster[0].EditEndpointAsync(endpoint, $"\"description\":\"{i}\""),
                cluster[1].EditEndpointAsync(endpoint, $"\"throttleRate\":{i}"));

            var edited = await cluster[i % 2].Client.GetJsonAsync($"{cluster[0].App}/endpoint/{endpoint}");
            (edited["description"].GetString(), edited["throttleRate"].GetInt32()).ShouldBe(($"{i}", i));
        }
        await cluster[0].DeleteEndpointAsync(endpoint);
    }

    [Fact]
    public async Task An_api_key_made_at_one_node_works_at_another_and_one_that_is_revoked_no_longer_does_within_a_second()
    {
        var cluster = pair.Cluster;
        for (var i = 0; i < 5; i++)
        {
            var made = await cluster[0].Client.PostJsonAsync("/api/v1/api-key", """{"name":"a key"}""");
            made.Status.ShouldBe(201, made.Text);
            var key = made["key"].GetString()!;
            await Eventually.IsTrueAsync("the key works", async () => await StatusAsync(cluster[1], key) == 200, ASecond);
            (await cluster[0].Client.DeleteJsonAsync($"/api/v1/api-key/{made.Id}")).Status.ShouldBe(204);
            await Eventually.IsTrueAsync("the key no longer works", async () => await StatusAsync(cluster[1], key) == 401, ASecond);
        }
    }

    [Theory]
    [InlineData("keyed.sent", "/api/v1/app/default/msg", """{"eventType":"keyed.sent","payload":{"n":1}}""", """{"eventType":"keyed.sent","payload":{"n":2}}""")]
    [InlineData("keyed.triggered", "/trigger/keyed.triggered", """{"n":1}""", """{"n":2}""")]
    public async Task Two_hundred_equal_requests_with_one_key_at_two_nodes_at_once_are_one_message(string eventType, string path, string body, string other)
    {
        await using var receiver = await Receiver.StartAsync();
        var cluster = pair.Cluster;
        await cluster[0].CreateEventTypeAsync(eventType);
        var endpoint = await cluster[0].CreateEndpointAsync(receiver.Url());

        var replies = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => PostAsync(cluster[i % 2], body)));

        replies.ShouldAllBe(reply => reply.Status == 202);
        replies.Select(reply => reply.Id).Distinct().Count().ShouldBe(1);
        foreach (var node in cluster.Nodes)
            (await PostAsync(node, other)).Status.ShouldBe(409);
        await cluster[0].WaitUntilNothingIsPendingAsync();
        receiver.Arrivals.Count.ShouldBe(1);
        (await cluster[0].Client.GetJsonAsync($"{cluster[0].App}/msg?event_types={eventType}"))["data"].GetArrayLength().ShouldBe(1);
        await cluster[0].DeleteEndpointAsync(endpoint);

        Task<Reply> PostAsync(Rig node, string text) =>
            node.Client.SendAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(text), headers: [("Idempotency-Key", "key-1")]);
    }

    private static async Task<int> StatusAsync(Rig node, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/app");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var response = await node.Client.SendAsync(request);
        return (int)response.StatusCode;
    }

    /// <summary>Two nodes that none of these tests harms.</summary>
    public sealed class Pair : IAsyncLifetime
    {
        internal ClusterRig Cluster { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Cluster = await ClusterRig.StartAsync(2, ClusterRig.Quick);

        public ValueTask DisposeAsync() => Cluster.DisposeAsync();
    }
}
