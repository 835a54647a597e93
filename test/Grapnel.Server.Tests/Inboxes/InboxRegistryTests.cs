using Grapnel.Registry;
using Grapnel.Server.Inboxes;
using Grapnel.Server.Tests.Support;
using Grapnel.Storage;

namespace Grapnel.Server.Tests.Inboxes;

public sealed class InboxRegistryTests(InboxFixture fixture) : InboxTest(fixture)
{
    [Fact]
    public async Task An_inbox_comes_with_an_endpoint_that_points_at_it_and_goes_with_it()
    {
        var inbox = await NewInboxAsync(new EndpointInput { Description = "Test inbox", Url = "http://elsewhere.example/" });
        var endpoints = Server.Get<EndpointRegistry>();
        var endpoint = await endpoints.GetAsync(inbox.ApplicationId, inbox.EndpointId!.Value.ToString(), Cancel);

        (endpoint.Url, endpoint.Description).ShouldBe((Inboxes.UrlOf(inbox.Id, Server.Address), "Test inbox"));
        endpoint.Url.ShouldBe($"{Server.Address.GetLeftPart(UriPartial.Authority)}/inbox/{inbox.Id}");
        (await Inboxes.ListAsync(inbox.ApplicationId, Cancel)).ShouldBe([inbox]);
        await Inboxes.DeleteAsync(inbox.Id, withEndpoint: true, Cancel);

        (await Inboxes.FindAsync(inbox.Id, Cancel)).ShouldBeNull();
        (await endpoints.FindAsync(inbox.ApplicationId, endpoint.Id.ToString(), Cancel)).ShouldBeNull();
        (await Server.Stranger.PostJsonAsync(PathOf(inbox), "{}")).Status.ShouldBe(404);
        await Should.ThrowAsync<NotFoundException>(() => Inboxes.DeleteAsync(inbox.Id, withEndpoint: true, Cancel));
    }

    [Fact]
    public async Task An_inbox_can_go_without_its_endpoint()
    {
        var inbox = await NewInboxAsync(new EndpointInput());
        await Inboxes.DeleteAsync(inbox.Id, withEndpoint: false, Cancel);
        (await Server.Get<EndpointRegistry>().FindAsync(inbox.ApplicationId, inbox.EndpointId!.Value.ToString(), Cancel)).ShouldNotBeNull();
    }

    [Fact]
    public async Task An_endpoint_that_does_not_fit_leaves_no_inbox_behind()
    {
        var application = await NewApplicationAsync();
        await Should.ThrowAsync<InvalidInputException>(
            () => Inboxes.CreateAsync(application.Id, Server.Address, new EndpointInput { Filter = "((" }, Cancel));
        (await Inboxes.ListAsync(application.Id, Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_application_takes_its_inboxes_and_what_they_caught_with_it_and_no_others()
    {
        var (gone, stays) = (await NewInboxAsync(), await NewInboxAsync());
        (await Server.Stranger.PostJsonAsync(PathOf(gone), "{}")).Status.ShouldBe(200);
        (await Server.Stranger.PostJsonAsync(PathOf(stays), "{}")).Status.ShouldBe(200);

        await Server.Get<ApplicationRegistry>().DeleteAsync(gone.ApplicationId.ToString(), Cancel);

        (await Inboxes.FindAsync(gone.Id, Cancel)).ShouldBeNull();
        (await Inboxes.ReadAsync(gone.Id, Cancel)).ShouldBeEmpty();
        (await Inboxes.ReadAsync(stays.Id, Cancel)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_was_caught_is_told_once_it_is_stored_and_can_be_cleared()
    {
        var inbox = await NewInboxAsync();
        var storedWhenTold = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        Inboxes.Caught += async id =>
        {
            if (id == inbox.Id)
                storedWhenTold.TrySetResult((await Inboxes.ReadAsync(id, CancellationToken.None)).Count);
        };

        (await Server.Stranger.PostJsonAsync(PathOf(inbox), "{}")).Status.ShouldBe(200);

        (await storedWhenTold.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel)).ShouldBe(1);
        await Inboxes.ClearAsync(inbox.Id, Cancel);
        (await Inboxes.ReadAsync(inbox.Id, Cancel)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(199, 0, 0, "status")]
    [InlineData(600, 0, 0, "status")]
    [InlineData(200, 31, 0, "delay")]
    [InlineData(200, -1, 0, "delay")]
    [InlineData(200, 0, 11, "failFirst")]
    public async Task An_answer_out_of_range_is_refused(int status, int seconds, int failFirst, string field)
    {
        var inbox = await NewInboxAsync();
        var refused = await Should.ThrowAsync<InvalidInputException>(
            () => Inboxes.SetAnswerAsync(inbox.Id, new InboxAnswer(status, TimeSpan.FromSeconds(seconds), failFirst), Cancel));
        refused.Errors.Single().Field.ShouldBe(field);
        InboxAnswer.Of((await Inboxes.FindAsync(inbox.Id, Cancel))!).ShouldBe(new InboxAnswer(200, TimeSpan.Zero, 0));
    }

    [Fact]
    public async Task There_are_no_more_inboxes_than_there_may_be_even_when_all_are_made_at_once()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Inbox:Enabled"] = "true", ["Inbox:MaxInboxes"] = "2" });
        var inboxes = server.Get<InboxRegistry>();

        var made = await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ =>
        {
            try
            {
                return await inboxes.CreateAsync(default, server.Address, null, Cancel);
            }
            catch (LimitReachedException refused)
            {
                refused.Message.ShouldContain("Inbox:MaxInboxes");
                return null;
            }
        }));

        made.Count(inbox => inbox is not null).ShouldBe(2);
    }

    [Theory]
    [InlineData(null, "--allow-net 127.0.0.0/8", "Network:AllowNet")]
    [InlineData("http://192.168.7.9:80/hooks/", "--allow-net 192.168.7.9/32", "Network:AllowNet")]
    [InlineData("http://[::1]:8000", "--allow-net ::1/128", "Network:AllowNet")]
    public async Task Where_webhooks_may_not_go_to_this_server_the_error_says_which_setting_lets_them(string? publicUrl, params string[] words)
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?>
        {
            ["Inbox:Enabled"] = "true", ["Network:AllowNet"] = null, ["Api:PublicUrl"] = publicUrl,
        });
        var here = new UriBuilder(server.Address) { Host = "localhost" }.Uri;

        var refused = await Should.ThrowAsync<InvalidInputException>(() => server.Get<InboxRegistry>().CreateAsync(default, here, null, Cancel));

        refused.Errors.Single().Field.ShouldBe("url");
        foreach (var word in words)
            refused.Message.ShouldContain(word);
        (await server.Get<IConsoleStore>().CountInboxesAsync(Cancel)).ShouldBe(0);
    }

    [Fact]
    public async Task Where_urls_must_be_https_the_error_says_which_setting_makes_them()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Inbox:Enabled"] = "true", ["Network:HttpsOnly"] = "true" });
        var refused = await Should.ThrowAsync<InvalidInputException>(() => server.Get<InboxRegistry>().CreateAsync(default, server.Address, null, Cancel));
        refused.Message.ShouldContain("Api:PublicUrl");
    }

    [Fact]
    public void Localhost_is_taken_for_the_address_that_a_server_on_loopback_listens_on() =>
        Inboxes.UrlOf(default, new Uri("http://localhost:8000/settings?x")).ShouldBe("http://127.0.0.1:8000/inbox/inbox_0000000000000000000000");

    [Fact]
    public async Task The_url_begins_with_the_public_address_if_there_is_one()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Inbox:Enabled"] = "true", ["Api:PublicUrl"] = "https://hooks.example/grapnel/" });
        server.Get<InboxRegistry>().UrlOf(default, server.Address).ShouldBe("https://hooks.example/grapnel/inbox/inbox_0000000000000000000000");
    }
}
