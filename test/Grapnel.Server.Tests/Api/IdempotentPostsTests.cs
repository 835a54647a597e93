using Grapnel.Server.Api;
using Grapnel.Server.Auth;
using Grapnel.Storage;
using Microsoft.AspNetCore.Http;
using RouteEndpoint = Microsoft.AspNetCore.Http.Endpoint;

namespace Grapnel.Server.Tests.Api;

/// <summary>What no client can bring about at the right moment.</summary>
public sealed class IdempotentPostsTests
{
    private readonly Memory _store = new();

    [Fact]
    public async Task Work_that_was_done_is_remembered_although_the_caller_hung_up_meanwhile()
    {
        var runs = 0;
        using var caller = new CancellationTokenSource();
        var posts = new IdempotentPosts(
            async http =>
            {
                runs++;
                await caller.CancelAsync();
                await JsonReply.WriteAsync(http, 201, "{}"u8);
            },
            _store, new PublishingOptions(), TimeProvider.System);

        await Should.ThrowAsync<OperationCanceledException>(() => posts.InvokeAsync(NewPost(caller.Token)));
        var repeat = NewPost(CancellationToken.None);
        await posts.InvokeAsync(repeat);

        (runs, repeat.Response.StatusCode).ShouldBe((1, 201));
    }

    private static DefaultHttpContext NewPost(CancellationToken aborted)
    {
        var http = new DefaultHttpContext { RequestAborted = aborted };
        http.Request.Method = HttpMethods.Post;
        http.Request.Path = "/api/v1/app";
        http.Request.Headers["Idempotency-Key"] = "one";
        http.SetEndpoint(new RouteEndpoint(null, EndpointMetadataCollection.Empty, null));
        http.Features.Set(new Caller { Id = "key", Rights = default });
        return http;
    }

    private sealed class Memory : IIdempotencyStore
    {
        private readonly Dictionary<UInt128, IdempotencyEntry> _entries = [];

        public Task<IdempotencyEntry?> FindAsync(UInt128 key, CancellationToken cancellationToken) =>
            Task.FromResult(_entries.GetValueOrDefault(key));

        public Task<IAsyncDisposable> EnterAsync(UInt128 key, CancellationToken cancellationToken) => Task.FromResult<IAsyncDisposable>(new MemoryStream());

        public Task AddAsync(IdempotencyEntry entry, CancellationToken cancellationToken)
        {
            _entries.TryAdd(entry.Key, entry);
            return Task.CompletedTask;
        }
    }
}
